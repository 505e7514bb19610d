import { UnpairError } from '@unpair/errors';
import type { SimilarityRows, SimilarityTask } from '@unpair/protocol';
import { measureSimilarity, SIMILARITY_INPUTS, type SimilarityInputs } from '@unpair/measurements';
import type { TaskContext } from '../task-context.js';
import { fusionOf, normOf, present, surrogateNamed, unknown } from '../task-input.js';
import { withClassifier, withSurrogates, withTaskSamples } from './lending.js';

/** Two models compared, sample by sample. */
export function similarity(task: SimilarityTask, context: TaskContext): Promise<SimilarityRows> {
  const { batchSize, signal } = context;
  const target = present(task.target, 'target');
  const inputs = inputsOf(task.inputs);
  const threat = { norm: normOf(task.norm), epsilon: task.epsilon };
  const settings = { inputs, threat, seed: context.task.seed, batchSize, signal };
  return withTaskSamples(task.samples, context, (samples) => {
    const options = { samples, context };
    return withSurrogates(task, options, (published) =>
      withClassifier(target, options, async (hidden) => {
        if (published.length === 0) throw new UnpairError('INVALID_ARGUMENT', 'The task names no surrogate.');
        const rows = await measureSimilarity(published, hidden, samples.rows, settings);
        const { name } = surrogateNamed(task.surrogates, fusionOf(task.fusion));
        return { surrogate: name, target: target.id, inputs, rows: [...rows] };
      }),
    );
  });
}

function inputsOf(name: string): SimilarityInputs {
  const inputs = SIMILARITY_INPUTS.find((one) => one === name);
  if (inputs !== undefined) return inputs;
  throw unknown('Kind of inputs', name, SIMILARITY_INPUTS);
}
