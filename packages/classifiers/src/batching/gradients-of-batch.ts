import type { DifferentiableClassifier, ObjectiveGradients, Sample } from '../classifier.js';
import { meanOf, sumOf } from '../several-models.js';
import type { BatchOptions } from './evaluate-all.js';

/** Gradient of the cross-entropy with respect to one sample's input, and the logits there. */
export interface SampleGradient {
  /** [C, H, W] flattened */
  readonly gradient: Float32Array;
  /** Entries of the gradient that are 0 since they are no finite numbers. */
  readonly invalid: number;
  /** [classes] */
  readonly logits: Float32Array;
}

/**
 * Input gradients of one batch of samples, a batch at a time because those of a whole data set would not fit in memory.
 * Of several models, the means of theirs: an attacker who uses them together.
 * @throws the signal's reason once it is aborted
 */
export async function gradientsOfBatch(
  models: readonly DifferentiableClassifier[],
  samples: readonly Sample[],
  { signal }: Pick<BatchOptions, 'signal'>,
): Promise<readonly SampleGradient[]> {
  const size = samples[0]?.input.length ?? 0;
  const inputs = new Float32Array(samples.length * size);
  samples.forEach(({ input }, row) => {
    inputs.set(input, row * size);
  });
  const labels = Int32Array.from(samples, ({ label }) => label);
  const answers: ObjectiveGradients[] = [];
  for (const model of models) {
    signal?.throwIfAborted();
    answers.push(await model.gradients(inputs, { kind: 'cross-entropy', labels }, samples.length));
  }
  const gradients = meanOf(answers.map((answer) => answer.gradients));
  const invalid = sumOf(answers.map((answer) => answer.invalid));
  const logits = meanOf(answers.map((answer) => answer.logits));
  const classes = logits.length / samples.length;
  return samples.map((_, row) => ({
    gradient: gradients.subarray(row * size, (row + 1) * size),
    invalid: invalid[row] ?? 0,
    logits: logits.subarray(row * classes, (row + 1) * classes),
  }));
}
