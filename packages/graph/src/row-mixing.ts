import { describeNode } from './attributes.js';
import type { Graph } from './graph.js';
import { mixedAxes } from './mixed-axes.js';
import { lazyTypes } from './shapes/infer.js';
import { constantsOf } from './transforms/consumers.js';

/** Stands for the size of the batch; no file calls a dimension that. */
const BATCH = '\u0000batch';

/**
 * The first operator that computes over the rows of a batch together, so that what a model says of one depends on the
 * others: the range of DynamicQuantizeLinear, statistics of the batch, a reduction, Softmax or sum along its dimension.
 * Undefined where nothing shows that; a product with the batch, for instance, does not.
 */
export function rowMixing(graph: Graph): string | undefined {
  const [input, ...others] = graph.inputs;
  const [batch, ...sizes] = input?.shape ?? [];
  if (input === undefined || typeof batch !== 'string') return undefined;
  const typeOf = lazyTypes({ ...graph, inputs: [{ ...input, shape: [BATCH, ...sizes] }, ...others] });
  const constants = constantsOf(graph);
  const mixer = graph.nodes.find((node) => {
    const shape = typeOf(node.inputs[0] ?? '')?.shape ?? [];
    const given = constants.get(node.inputs[1] ?? '')?.data;
    const axes = mixedAxes(node, shape.length, given && Array.from(given, Number)) ?? [];
    return axes.some((axis) => String(shape.at(axis)).includes(BATCH));
  });
  return mixer && `${describeNode(mixer)} computes over the images of a batch together`;
}
