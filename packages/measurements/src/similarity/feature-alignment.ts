import type { BatchOptions } from '@unpair/classifiers';
import type { Sample } from '@unpair/classifiers';
import type { FeatureExtractor } from '@unpair/classifiers';
import type { Counts } from '@unpair/numerics';
import type { RowOf } from '../row-kind.js';
import { defineRowKind } from '../row-kind.js';
import { LEAST_SAMPLES, gramWithoutDiagonal, unbiasedHsic } from './hsic.js';

/** Samples of one minibatch: where the estimator is unbiased, their number does not bias the whole. */
const MINIBATCH = 16;

/** How alike two models' features are, minibatch by minibatch; a row's `sample` is the minibatch's first. */
export const alignmentKind = defineRowKind({
  name: 'alignment',
  table: 'alignment',
  noun: 'similarity',
  reportedAs: '`similarity[].linearCka`',
  key: {
    surrogate: { description: 'the published model' },
    target: { description: 'the full model' },
  },
  models: { surrogate: 'model', target: 'model' },
  columns: {
    cross: {
      type: 'double',
      column: 'hsic_cross',
      description: 'unbiased HSIC between the features of the two models',
    },
    surrogate: {
      type: 'double',
      column: 'hsic_surrogate',
      description: "unbiased HSIC of the surrogate's features with themselves",
    },
    target: { type: 'double', column: 'hsic_target', description: "the same of the target's" },
  },
});

/** What one minibatch of samples says of the alignment of two models' features. */
export type AlignmentRow = RowOf<typeof alignmentKind>;

/**
 * The parts of minibatch CKA (Nguyen et al. 2021, arXiv 2010.15327) of two models' penultimate features, for each run of
 * 16 samples; a shorter last run counts when it has at least four. Runs begin at the first sample, so all samples of a
 * comparison belong into one call.
 * @throws the signal's reason once it is aborted
 */
export async function measureAlignment(
  surrogate: FeatureExtractor,
  target: FeatureExtractor,
  samples: readonly Sample[],
  { batchSize, signal }: BatchOptions,
): Promise<readonly AlignmentRow[]> {
  const rows: AlignmentRow[] = [];
  const stride = MINIBATCH * Math.max(1, Math.floor(batchSize / MINIBATCH));
  for (let first = 0; first < samples.length; first += stride) {
    signal?.throwIfAborted();
    const members = samples.slice(first, first + stride);
    const inputs = joined(members);
    const published = await surrogate.features(inputs, members.length);
    const hidden = await target.features(inputs, members.length);
    for (let at = 0; at + LEAST_SAMPLES <= members.length; at += MINIBATCH) {
      const count = Math.min(MINIBATCH, members.length - at);
      const features = [published, hidden].map((all) => rowsOf(all, members.length, at, count));
      rows.push({ sample: members[at]?.index ?? 0, ...alignment(features, count) });
    }
  }
  return rows;
}

/**
 * Linear CKA of a resample of minibatches: Σ HSIC(X,Y) / √(Σ HSIC(X,X) · Σ HSIC(Y,Y)). NaN where the features of a model
 * do not vary. An unbiased estimate, so that dissimilar features may come out a little below 0.
 */
export function resampledCka(rows: readonly AlignmentRow[]): (counts: Counts) => number {
  return (counts) => {
    let [cross, surrogate, target] = [0, 0, 0];
    rows.forEach((row, index) => {
      const times = counts[index] ?? 0;
      cross += times * row.cross;
      surrogate += times * row.surrogate;
      target += times * row.target;
    });
    return surrogate > 0 && target > 0 ? cross / Math.sqrt(surrogate * target) : Number.NaN;
  };
}

function alignment(
  [surrogate = new Float32Array(), target = new Float32Array()]: readonly Float32Array[],
  count: number,
): Omit<AlignmentRow, 'sample'> {
  const [k, l] = [gramWithoutDiagonal(surrogate, count), gramWithoutDiagonal(target, count)];
  return {
    cross: unbiasedHsic(k, l, count),
    surrogate: unbiasedHsic(k, k, count),
    target: unbiasedHsic(l, l, count),
  };
}

function joined(samples: readonly Sample[]): Float32Array {
  const size = samples[0]?.input.length ?? 0;
  const inputs = new Float32Array(samples.length * size);
  samples.forEach(({ input }, row) => {
    inputs.set(input, row * size);
  });
  return inputs;
}

function rowsOf(features: Float32Array, samples: number, first: number, count: number): Float32Array {
  const width = features.length / samples;
  return features.subarray(first * width, (first + count) * width);
}
