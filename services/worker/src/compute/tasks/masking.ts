import type { MaskingRows, MaskingTask } from '@unpair/protocol';
import { measureMasking } from '@unpair/measurements';
import type { TaskContext } from '../task-context.js';
import { normOf, present } from '../task-input.js';
import { withClassifier, withTaskSamples } from './lending.js';

/** A published model attacked through its own gradients, for a run of samples. */
export function masking(task: MaskingTask, context: TaskContext): Promise<MaskingRows> {
  const { batchSize, signal } = context;
  const model = present(task.model, 'model');
  const threat = { norm: normOf(task.norm), epsilon: task.epsilon };
  const settings = { threat, seed: context.task.seed, batchSize, signal };
  return withTaskSamples(task.samples, context, (samples) =>
    withClassifier(model, { samples, context }, async (classifier) => {
      const rows = await measureMasking(classifier, samples.rows, settings);
      return { model: model.id, rows: [...rows] };
    }),
  );
}
