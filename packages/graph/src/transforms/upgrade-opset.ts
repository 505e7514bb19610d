import { floatAttribute, intAttribute, intsAttribute } from '../attributes.js';
import type { Attributes, Graph, Node } from '../graph.js';
import { int, string } from '../graph.js';
import { lazyTypes } from '../shapes/infer.js';
import type { Tensor } from '../tensor.js';
import { float32, int64 } from '../tensor.js';
import { freshNames } from './fresh-names.js';

/** The operator set that {@link upgradeOpset} writes: the oldest with quantization for each channel. */
const UPGRADED_OPSET = 13;

/** What an upgrade may use: constants that it adds, and the types of values. */
interface Upgrading {
  readonly opset: number;
  /** Rank of a value; undefined where the graph has operators that cannot be typed. */
  readonly rankOf: (value: string) => number | undefined;
  readonly numbersOf: (value: string) => readonly number[] | undefined;
  readonly constant: (hint: string, tensor: Tensor) => string;
  readonly fresh: (hint: string) => string;
}

type Upgrade = (node: Node, upgrading: Upgrading) => Node | readonly Node[];

/**
 * Rewrites a graph of operator set 9 to 12 for operator set 13, in which axes, bounds and pads are inputs and no
 * longer attributes. Newer graphs are returned as they are.
 */
export function upgradeOpset(graph: Graph): Graph {
  if (graph.opset >= UPGRADED_OPSET) return graph;
  const fresh = freshNames(graph);
  const initializers = new Map(graph.initializers);
  const upgrading: Upgrading = {
    opset: graph.opset,
    ...factsOf(graph),
    fresh,
    constant: (hint, tensor) => {
      const name = fresh(hint);
      initializers.set(name, tensor);
      return name;
    },
  };
  const nodes = graph.nodes.flatMap((node) => {
    const upgrade = node.domain === '' && Object.hasOwn(UPGRADES, node.op) ? UPGRADES[node.op] : undefined;
    return upgrade?.(node, upgrading) ?? node;
  });
  return { ...graph, opset: UPGRADED_OPSET, initializers, nodes };
}

/** What is known of values; shapes are inferred when they are first asked for: most graphs need none for this. */
function factsOf(graph: Graph): Pick<Upgrading, 'rankOf' | 'numbersOf'> {
  const typeOf = lazyTypes(graph);
  return {
    rankOf: (value) => typeOf(value)?.shape.length,
    numbersOf: (value) => {
      const tensor = graph.initializers.get(value);
      return tensor === undefined ? undefined : Array.from(tensor.data, Number);
    },
  };
}

function without(attributes: Attributes, ...names: readonly string[]): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)));
}

/** Turns lists of integers from attributes into inputs behind the first; absent ones at the end are left out. */
function listsToInputs(...names: readonly string[]): (node: Node, upgrading: Upgrading) => Node {
  return (node, { constant }) => {
    const lists = names.map((name) => intsAttribute(node, name));
    if (lists.every((list) => list === undefined)) return node;
    const added = lists.map((list, i) =>
      list === undefined ? '' : constant(`${node.name}_${names[i] ?? ''}`, int64([list.length], list)),
    );
    const inputs = [...node.inputs.slice(0, 1), ...added];
    return {
      ...node,
      inputs: inputs.slice(0, inputs.findLastIndex((name) => name !== '') + 1),
      attributes: without(node.attributes, ...names),
    };
  };
}

const pad: Upgrade = (node, upgrading) => {
  const upgraded = listsToInputs('pads')(node, upgrading);
  if (upgraded === node || node.attributes['value'] === undefined) return upgraded;
  const value = upgrading.constant(`${node.name}_value`, float32([], [floatAttribute(node, 'value', 0)]));
  return {
    ...upgraded,
    inputs: [...upgraded.inputs, value],
    attributes: without(upgraded.attributes, 'value'),
  };
};

const clip: Upgrade = (node, { constant }) => {
  const bounds = ['min', 'max'].map((name) =>
    node.attributes[name] === undefined
      ? ''
      : constant(`${node.name}_${name}`, float32([], [floatAttribute(node, name, 0)])),
  );
  if (bounds.every((name) => name === '')) return node;
  return {
    ...node,
    inputs: [...node.inputs.slice(0, 1), ...bounds],
    attributes: without(node.attributes, 'min', 'max'),
  };
};

const topK: Upgrade = (node, { constant }) => {
  const { k } = node.attributes;
  if (k?.kind !== 'int') return node;
  return {
    ...node,
    inputs: [...node.inputs.slice(0, 1), constant(`${node.name}_k`, int64([1], [k.value]))],
    attributes: without(node.attributes, 'k'),
  };
};

/** Its ratio matters in training alone. */
const dropout: Upgrade = (node) => ({ ...node, attributes: without(node.attributes, 'ratio') });

/** Older operator sets normalize all axes from `axis` on together, newer ones that axis alone. */
const softmax: Upgrade = (node, { rankOf, fresh }) => {
  const [input = '', output = ''] = [node.inputs[0], node.outputs[0]];
  const rank = rankOf(input);
  const axis = intAttribute(node, 'axis', 1);
  const over: Node = { ...node, attributes: { ...node.attributes, axis: int(-1) } };
  if (axis === -1 || (rank !== undefined && axis === rank - 1)) return over;
  const helper = (op: string, inputs: readonly string[], attributes: Attributes = {}): Node => {
    const name = fresh(`${node.name}_${op.toLowerCase()}`);
    return { op, domain: '', name, inputs, outputs: [name], attributes };
  };
  const rows = helper('Flatten', [input], { axis: int(axis) });
  const shape = helper('Shape', [input]);
  const normal = fresh(`${node.name}_rows`);
  return [
    rows,
    shape,
    { ...over, inputs: rows.outputs, outputs: [normal] },
    { ...helper('Reshape', [normal, shape.name]), outputs: [output] },
  ];
};

/**
 * Until operator set 11 the nearest element is the one below, or the one above along an axis that gets smaller; axes of
 * both kinds take two nodes.
 */
const resize: Upgrade = (node, { numbersOf, constant, fresh }) => {
  const [input = '', scales = ''] = node.inputs;
  if (node.inputs.length > 2) return node;
  const numbers = numbersOf(scales);
  const written = (from: string, by: string, rounding: string): Node => ({
    ...node,
    op: 'Resize',
    inputs: [from, '', by],
    attributes: {
      ...node.attributes,
      coordinate_transformation_mode: string('asymmetric'),
      nearest_mode: string(rounding),
    },
  });
  if (numbers?.some((scale) => scale < 1) !== true) return written(input, scales, 'floor');
  if (!numbers.some((scale) => scale > 1)) return written(input, scales, 'ceil');
  const part = (pick: (scale: number) => number): string =>
    constant(`${node.name}_scales`, float32([numbers.length], numbers.map(pick)));
  const smaller = fresh(`${node.name}_smaller`);
  return [
    {
      ...written(
        input,
        part((scale) => Math.min(scale, 1)),
        'ceil',
      ),
      name: smaller,
      outputs: [smaller],
    },
    written(
      smaller,
      part((scale) => Math.max(scale, 1)),
      'floor',
    ),
  ];
};

const renamed =
  (op: string): Upgrade =>
  (node) => ({ ...node, op });

const axesToInput = listsToInputs('axes');

const UPGRADES: Readonly<Record<string, Upgrade>> = {
  Squeeze: axesToInput,
  Unsqueeze: axesToInput,
  ReduceSum: axesToInput,
  Split: listsToInputs('split'),
  Slice: listsToInputs('starts', 'ends', 'axes'),
  Pad: pad,
  Clip: clip,
  TopK: topK,
  Dropout: dropout,
  Softmax: softmax,
  LogSoftmax: softmax,
  Hardmax: softmax,
  Resize: resize,
  Upsample: resize,
  Scatter: renamed('ScatterElements'),
};
