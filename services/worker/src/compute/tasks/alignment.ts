import type { AlignmentRows, AlignmentTask } from '@unpair/protocol';
import { measureAlignment } from '@unpair/measurements';
import type { TaskContext } from '../task-context.js';
import { present } from '../task-input.js';
import { withClassifier, withTaskSamples } from './lending.js';

/** The penultimate features of two models compared; no rows where a model has none. */
export function alignment(task: AlignmentTask, context: TaskContext): Promise<AlignmentRows> {
  const { batchSize, signal } = context;
  const surrogate = present(task.surrogate, 'surrogate');
  const target = present(task.target, 'target');
  return withTaskSamples(task.samples, context, (samples) => {
    const options = { samples, context };
    return withClassifier(surrogate, options, (_published, left) =>
      withClassifier(target, options, async (_hidden, right) => {
        const [published, hidden] = [await left.features(), await right.features()];
        const rows =
          published === undefined || hidden === undefined
            ? []
            : await measureAlignment(published, hidden, samples.rows, { batchSize, signal });
        return { surrogate: surrogate.id, target: target.id, rows: [...rows] };
      }),
    );
  });
}
