import type { AccuracyRows, AccuracyTask } from '@unpair/protocol';
import { measureAccuracy } from '@unpair/measurements';
import type { TaskContext } from '../task-context.js';
import { present } from '../task-input.js';
import { withAsked, withTaskSamples } from './lending.js';

/** Predictions of one model for a run of samples. */
export function accuracy(task: AccuracyTask, context: TaskContext): Promise<AccuracyRows> {
  const { batchSize, signal } = context;
  const model = present(task.model, 'model');
  return withTaskSamples(task.samples, context, (samples) =>
    withAsked(model, { samples, context }, async (classifier, loaded) => {
      const { size, bytes } = loaded ?? UNKNOWN;
      const rows = await measureAccuracy(classifier, samples.rows, {
        batchSize,
        signal,
      });
      return { model: model.id, ...size, bytes, rows: [...rows] };
    }),
  );
}

/** Of a model behind an endpoint nothing is known but its answers. */
const UNKNOWN = { size: { parameters: 0, nonZero: 0, macs: undefined }, bytes: 0 };
