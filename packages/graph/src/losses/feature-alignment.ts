import type { Emitter } from '../autodiff/emitter.js';
import { int } from '../graph.js';

/** Added to a sum of squares before its root: features that do not vary are aligned with nothing. */
const TINY = 1e-12;

/**
 * Writes each sample's part of the linear CKA of a batch's features with another model's (Kornblith et al. 2019, arXiv
 * 1905.00414, as a loss): N·Σⱼ KᵢⱼLᵢⱼ / ‖K‖, where K is the Gram matrix of the features around their mean. The mean over
 * the batch is its CKA, from 0 to 1. That of few samples is biased upwards, for every pair of models alike.
 *
 * @param features [N,…]
 * @param gram the other model's Gram matrix around the mean, divided by its norm: L [N,N]
 * @returns [N]
 */
export function featureAlignment(emit: Emitter, features: string, gram: string, samples: number): string {
  const rows = emit.op('Flatten', [features], { axis: int(1) });
  const mean = emit.scale(emit.reduceSum(rows, [0], true), 1 / samples);
  const centred = emit.sub(rows, mean);
  const own = emit.op('MatMul', [centred, emit.op('Transpose', [centred])]);
  const squares = emit.reduceSum(emit.mul(own, own), [0, 1], false);
  const norm = emit.op('Sqrt', [emit.add(squares, emit.scalar(TINY))]);
  const shared = emit.reduceSum(emit.mul(own, gram), [1], false);
  return emit.scale(emit.div(shared, norm), samples);
}
