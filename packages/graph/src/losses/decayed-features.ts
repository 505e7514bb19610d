import { Emitter } from '../autodiff/emitter.js';
import { GraphBuilder } from '../builder.js';
import type { Graph, Node } from '../graph.js';
import { inferShapes } from '../shapes/infer.js';

/** Name of the input with the images whose features others decay to, of the model's input's shape. */
export const REFERENCE = 'reference';
/** Name of the input with the share of each image's own features, float32 [N]. */
export const SHARE = 'share';

/** Operators with weights: what depth is counted in. */
const COMPUTING: ReadonlySet<string> = new Set(['Conv', 'Gemm', 'MatMul', 'ConvTranspose']);

/**
 * A model of two images: from its middle on it computes with features that are `share` those of its input, and the rest
 * those of `reference` (intermediate-level perturbation decay: Li et al. 2023, arXiv 2304.13410).
 */
export function withDecayedFeatures(graph: Graph): Graph {
  const [input] = graph.inputs;
  const cut = middleValue(graph);
  const type = inferShapes(graph).get(cut);
  if (input === undefined || type === undefined) return graph;
  const below = nodesBelow(graph, cut);
  const builder = GraphBuilder.rewriting(graph);
  const emit = new Emitter(builder);
  const reference = builder.input(REFERENCE, 'float32', input.shape);
  const share = builder.input(SHARE, 'float32', input.shape.slice(0, 1));
  const isBelow = new Set(below);
  for (const node of below) builder.append(node);
  const twins = new Map([[input.name, reference]]);
  for (const node of below) {
    for (const name of node.outputs) twins.set(name, name === '' ? '' : `${REFERENCE}/${name}`);
    const renamed = (name: string): string => twins.get(name) ?? name;
    const [inputs, outputs] = [node.inputs.map(renamed), node.outputs.map(renamed)];
    builder.append({ ...node, name: `${REFERENCE}/${node.name}`, inputs, outputs });
  }
  const other = twins.get(cut) ?? reference;
  const rank = type.shape.length;
  const each = emit.reshape(share, [-1, ...Array.from({ length: rank - 1 }, () => 1)]);
  const mixed = emit.add(other, emit.mul(each, emit.sub(cut, other)));
  for (const node of graph.nodes.filter((one) => !isBelow.has(one))) {
    builder.append({ ...node, inputs: node.inputs.map((name) => (name === cut ? mixed : name)) });
  }
  return builder.build();
}

/**
 * The float value through which all of a model goes, and before which about half of its weighted operators are; its
 * input where there is none in between.
 */
export function middleValue(graph: Graph): string {
  const [input] = graph.inputs;
  const types = inferShapes(graph);
  const waiting = new Map<string, number>();
  for (const { inputs } of graph.nodes) {
    for (const name of new Set(inputs)) waiting.set(name, (waiting.get(name) ?? 0) + 1);
  }
  const live = new Set([input?.name ?? '']);
  const total = graph.nodes.filter(({ op }) => COMPUTING.has(op)).length;
  let [depth, best, distance] = [0, input?.name ?? '', total / 2];
  for (const { op, inputs, outputs } of graph.nodes) {
    if (!inputs.some((name) => live.has(name))) continue;
    if (COMPUTING.has(op)) depth++;
    for (const name of new Set(inputs)) {
      const left = (waiting.get(name) ?? 0) - 1;
      waiting.set(name, left);
      if (left === 0) live.delete(name);
    }
    for (const name of outputs) if ((waiting.get(name) ?? 0) > 0) live.add(name);
    const [only = '', ...others] = live;
    const type = types.get(only);
    const isFloat = type?.dataType === 'float32' && type.shape.length > 1;
    // The last of equals: behind a rectifier rather than before it.
    if (others.length > 0 || !isFloat || Math.abs(depth - total / 2) > distance) continue;
    [best, distance] = [only, Math.abs(depth - total / 2)];
  }
  return best;
}

/** The nodes that a value is computed by and that depend on the input, in their order. */
function nodesBelow({ nodes, inputs }: Graph, value: string): readonly Node[] {
  const computed = new Set(inputs.map(({ name }) => name));
  const dependent = nodes.filter((node) => {
    if (!node.inputs.some((name) => computed.has(name))) return false;
    for (const name of node.outputs) computed.add(name);
    return true;
  });
  const needed = new Set([value]);
  const below = dependent.toReversed().filter((node) => {
    if (!node.outputs.some((name) => needed.has(name))) return false;
    for (const name of node.inputs) needed.add(name);
    return true;
  });
  return below.reverse();
}
