import type { SimilarityRows, SimilarityTask } from '@unpair/protocol';
import { measureSimilarity } from '@unpair/robustness';
import type { TaskContext } from '../execute-task.js';
import { present } from '../task-input.js';
import { withClassifier, withTaskSamples } from './lending.js';

/** Input gradients of two models compared, sample by sample. */
export function similarity(task: SimilarityTask, context: TaskContext): Promise<SimilarityRows> {
  const { batchSize, signal } = context;
  const surrogate = present(task.surrogate, 'surrogate');
  const target = present(task.target, 'target');
  return withTaskSamples(task.samples, context, (samples) => {
    const options = { samples, role: 'own', context } as const;
    return withClassifier(surrogate, options, (published) =>
      withClassifier(target, options, async (hidden) => {
        const rows = await measureSimilarity(published, hidden, samples.rows, { batchSize, signal });
        return { surrogate: surrogate.id, target: target.id, rows: [...rows] };
      }),
    );
  });
}
