import type { AccuracyRows, AccuracyTask } from '@unpair/protocol';
import { limited } from '@unpair/attacks';
import { measureAccuracy } from '@unpair/measurements';
import type { TaskContext } from '../task-context.js';
import { offerOf, present } from '../task-input.js';
import { withClassifier, withTaskSamples } from './lending.js';

/** Predictions of one model for a run of samples. */
export function accuracy(task: AccuracyTask, context: TaskContext): Promise<AccuracyRows> {
  const { batchSize, signal } = context;
  const model = present(task.model, 'model');
  return withTaskSamples(task.samples, context, (samples) =>
    withClassifier(model, { samples, context }, async (classifier, { bytes, size }) => {
      const rows = await measureAccuracy(limited(classifier, offerOf(model)), samples.rows, {
        batchSize,
        signal,
      });
      return { model: model.id, ...size, bytes, rows: [...rows] };
    }),
  );
}
