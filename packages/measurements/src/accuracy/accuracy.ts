import type { Classifier, Sample } from '@unpair/classifiers';
import { argmax } from '@unpair/classifiers';
import type { BatchOptions } from '@unpair/classifiers';
import { evaluateAll } from '@unpair/classifiers';
import type { RowOf } from '../row-kind.js';
import { defineRowKind } from '../row-kind.js';

/** What a model predicts. */
export const accuracyKind = defineRowKind({
  name: 'accuracy',
  table: 'accuracy',
  noun: 'accuracy',
  reportedAs: '`models[].accuracy` and `agreement`',
  key: { model: { description: 'the model' } },
  models: { model: 'model' },
  columns: {
    label: { type: 'int32', description: 'class that the data set gives the sample' },
    predicted: { type: 'int32', description: 'class that the model predicts; -1 where a logit is NaN' },
  },
});

/** What a model predicts for one sample. */
export type AccuracyRow = RowOf<typeof accuracyKind>;

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
