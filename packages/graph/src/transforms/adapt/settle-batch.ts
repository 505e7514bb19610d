import type { Dim, Graph } from '../../graph.js';
import { ModelError } from '../../graph.js';
import { inferShapes } from '../../shapes/infer.js';
import { bindDims } from '../bind.js';
import { pruneDeadNodes } from '../prune-dead-nodes.js';
import { openBatch } from './open-batch.js';

/**
 * Makes a classifier say what its batch is. Files declare an output for one image beside an input for any number,
 * have a batch of one written into a Reshape, leave out the batch of one altogether, or do not say how many classes
 * there are, which their weights do. The batch becomes open where each row's answer stays what it was; else the graph
 * takes as many images at a time as it was made for, one where it does not say.
 * @returns the graph itself where its shapes say all that already, or where it has not one input of images and one
 * output
 */
export function settleBatch(graph: Graph): Graph {
  const [[input, another], [output, more]] = [graph.inputs, graph.outputs];
  if (input?.shape.length !== 4 || another !== undefined || output === undefined || more !== undefined) {
    return graph;
  }
  const [batch = 1] = input.shape;
  if (typeof batch === 'string') {
    const declared = withOpenBatch(graph, batch);
    if (declared !== undefined) return declared;
  }
  const made = typeof batch === 'string' ? bindDims(graph, { [batch]: 1 }) : graph;
  const open = openBatch(pruneDeadNodes(made));
  const name = open?.inputs[0]?.shape[0];
  const settled = open !== undefined && typeof name === 'string' ? withOpenBatch(open, name) : undefined;
  return settled ?? declaredAs(made, shapeOf(made));
}

/** Sizes at which a graph is looked at: it has an open batch when its output has as many rows at each. */
const SIZES = [1, 2, 3] as const;

/** The graph with the output that it has; `undefined` when it does not give a row for each image of any batch. */
function withOpenBatch(graph: Graph, batch: string): Graph | undefined {
  const shapes = SIZES.map((size) => shapeOf(bindDims(graph, { [batch]: size })));
  if (shapes.every((shape) => shape === undefined)) return graph;
  const [first, second] = shapes;
  if (first === undefined || second === undefined) return undefined;
  if (shapes.every((shape, i) => shape?.length === first.length && shape[0] === SIZES[i])) {
    return declaredAs(graph, [batch, ...second.slice(1)]);
  }
  // A name says that the size cannot be told: then the file's own word has to do.
  const isUnknown = shapes.every((shape) => typeof shape?.[0] === 'string');
  return isUnknown && typeof graph.outputs[0]?.shape[0] === 'string' ? graph : undefined;
}

/** The shape of the only output; `undefined` where the graph's shapes contradict each other. */
function shapeOf(graph: Graph): readonly Dim[] | undefined {
  try {
    return inferShapes(graph).get(graph.outputs[0]?.name ?? '')?.shape;
  } catch (error) {
    if (error instanceof ModelError) return undefined;
    throw error;
  }
}

/** Corrects what the graph says of its output, where that says less or otherwise. Either may name the batch. */
function declaredAs(graph: Graph, shape: readonly Dim[] | undefined): Graph {
  const declared = graph.outputs[0]?.shape ?? [];
  const isSaid =
    shape?.length === declared.length &&
    shape.every(
      (dim, i) =>
        dim === declared[i] || (typeof dim === 'string' && (i > 0 || typeof declared[i] === 'string')),
    );
  if (shape === undefined || isSaid) return graph;
  const known = shape.map((dim, i) => (typeof dim === 'string' && i > 0 ? (declared[i] ?? dim) : dim));
  return { ...graph, outputs: graph.outputs.map((output) => ({ ...output, shape: known })) };
}
