import type { Offer } from '@unpair/attacks';
import type { ModelOptions, Tensor } from '@unpair/graph';
import { sizeOf } from '@unpair/graph';
import { EndpointFailure } from './failures.js';

/** What an answer is read with. */
export interface Reading {
  readonly options: ModelOptions;
  readonly offer: Offer;
  /** The data set's classes. */
  readonly classes: number;
}

/** The smallest normal number of single precision, whose logarithm stands for that of no probability at all. */
const LEAST = 2 ** -126;
/** Below a prediction that comes alone, by so much that no temperature makes anything of the others. */
const HIDDEN = -1e4;

/**
 * Logits [count, classes] of what an endpoint answered to `count` images: [count, K] logits or probabilities or, where labels
 * are all that is wanted, [count] classes.
 * @throws {EndpointFailure} where it is something else
 */
export function logitsIn(tensor: Tensor, count: number, { options, offer, classes }: Reading): Float32Array {
  const values = Float64Array.from(tensor.data as ArrayLike<number | bigint>, Number);
  const found = `${tensor.dataType} [${tensor.shape.join(', ')}]`;
  const { from = 0 } = options.classes ?? {};
  if (values.some(Number.isNaN)) throw new EndpointFailure('answers with NaN');
  if (offer.access === 'labels' && values.length === count) return oneHot(values, classes, from);
  const [rows, columns] = tensor.shape;
  if (rows !== count || columns === undefined || sizeOf(tensor.shape) !== count * columns)
    throw new EndpointFailure(`answers ${count} images with ${found} instead of [${count}, classes]`);
  const last = options.classes === undefined ? columns : from + classes;
  if (last > columns || last - from !== classes)
    throw new EndpointFailure(
      `gives ${columns} classes where the data set has ${classes}: say which they are by classes: {from: …, count: …}`,
    );
  const logits = new Float32Array(count * classes);
  for (let at = 0; at < logits.length; at++) {
    const value = values[Math.floor(at / classes) * columns + from + (at % classes)] ?? 0;
    logits[at] = options.outputs === 'probabilities' ? Math.log(Math.max(value, LEAST)) : value;
  }
  return logits;
}

function oneHot(labels: Float64Array, classes: number, from: number): Float32Array {
  const logits = new Float32Array(labels.length * classes).fill(HIDDEN);
  labels.forEach((label, row) => {
    const own = label - from;
    if (!Number.isInteger(own) || own < 0 || own >= classes)
      throw new EndpointFailure(
        `answers with class ${label}, which is none of the ${classes} of the data set`,
      );
    logits[row * classes + own] = 0;
  });
  return logits;
}
