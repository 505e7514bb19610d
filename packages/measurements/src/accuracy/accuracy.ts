import type { Classifier, Sample } from '@unpair/classifiers';
import { argmax } from '@unpair/classifiers';
import type { BatchOptions } from '@unpair/classifiers';
import { evaluateAll } from '@unpair/classifiers';

/** What a model predicts for one sample; the wire format's AccuracyRow. */
export interface AccuracyRow {
  /** Position in the data set. */
  readonly sample: number;
  readonly label: number;
  readonly predicted: number;
}

/** Predictions for every sample, in their order. */
export async function measureAccuracy(
  model: Classifier,
  samples: readonly Sample[],
  options: BatchOptions,
): Promise<readonly AccuracyRow[]> {
  const logits = await evaluateAll(
    model,
    samples.map(({ input }) => input),
    options,
  );
  return samples.map(({ index, label }, row) => ({
    sample: index,
    label,
    predicted: argmax(logits[row] ?? new Float32Array()),
  }));
}
