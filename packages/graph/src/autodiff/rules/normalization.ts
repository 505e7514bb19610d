import type { InputAdjoints, Pullback, RuleTable } from '../rule.js';

/** Normalizations with given statistics. Training with a batch's own is a matter of `toTrainingGraph`. */
export const normalizationRules: RuleTable = { BatchNormalization: batchNormalization };

/**
 * y = (x - mean)·a + bias with a = scale / √(variance + ε), each of these [C]. The adjoints of the statistics are
 * there because they are computed from x in a training graph.
 */
function batchNormalization(p: Pullback): InputAdjoints {
  const { emit } = p;
  if (p.int('training_mode', 0) !== 0) throw p.refuse('it is in training mode');
  const [scale, mean, variance] = [p.input(1), p.input(3), p.input(4)];
  const shifted = emit.add(variance, emit.scalar(p.float('epsilon', 1e-5)));
  const inverse = emit.op('Reciprocal', [emit.op('Sqrt', [shifted])]);
  const slope = emit.mul(scale, inverse);
  const total = once(() => overChannels(p, p.dy));
  // Σ dy·(x - mean), without a pass over x - mean.
  const correlation = once(() => emit.sub(overChannels(p, emit.mul(p.dy, p.x)), emit.mul(mean, total())));
  return [
    p.when(0, () => emit.mul(p.dy, perChannel(p, slope))),
    p.when(1, () => emit.mul(correlation(), inverse)),
    p.when(2, total),
    p.when(3, () => emit.neg(emit.mul(total(), slope))),
    p.when(4, () => {
      const cubed = emit.mul(emit.mul(inverse, inverse), slope);
      return emit.scale(emit.mul(correlation(), cubed), -0.5);
    }),
  ];
}

/** Sums [N,C,...] to [C]. */
function overChannels(p: Pullback, value: string): string {
  const axes = p.outputShape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  return p.emit.reduceSum(value, axes, false);
}

/** Lays a [C] vector out to broadcast against [N,C,...]. */
function perChannel(p: Pullback, vector: string): string {
  const ones = p.outputShape.slice(2).map(() => 1);
  return ones.length === 0 ? vector : p.emit.reshape(vector, [-1, ...ones]);
}

function once(write: () => string): () => string {
  let written: string | undefined;
  return () => (written ??= write());
}
