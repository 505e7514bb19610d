import type { Graph } from '../graph.js';
import { producersOf } from './consumers.js';

/** Operators behind a Softmax that only write its probabilities down: rounded, under another name. */
const PASSING: ReadonlySet<string> = new Set(['QuantizeLinear', 'DequantizeLinear', 'Identity']);

/**
 * What goes into the Softmax that a value comes out of, be it rounded after: published 8-bit classifiers give
 * probabilities in steps of 1/256, through which no gradient of a confident prediction is seen.
 * @returns `undefined` when the value comes out of no Softmax.
 */
export function valueBeforeSoftmax(graph: Graph, value: string): string | undefined {
  const producers = producersOf(graph);
  let node = producers.get(value);
  while (node?.domain === '' && PASSING.has(node.op)) node = producers.get(node.inputs[0] ?? '');
  return node?.domain === '' && node.op === 'Softmax' ? node.inputs[0] : undefined;
}
