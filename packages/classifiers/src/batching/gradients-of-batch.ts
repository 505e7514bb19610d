import type { DifferentiableClassifier, Sample } from '../classifier.js';
import type { BatchOptions } from './evaluate-all.js';

/** Gradient of the cross-entropy with respect to one sample's input, and the logits there. */
export interface SampleGradient {
  /** [C, H, W] flattened */
  readonly gradient: Float32Array;
  /** [classes] */
  readonly logits: Float32Array;
}

/**
 * Input gradients of consecutive batches of samples. A batch at a time, because the gradients of a whole data set would
 * not fit in memory.
 * @throws the signal's reason once it is aborted
 */
export async function gradientsOfBatch(
  model: DifferentiableClassifier,
  samples: readonly Sample[],
  { signal }: Pick<BatchOptions, 'signal'>,
): Promise<readonly SampleGradient[]> {
  signal?.throwIfAborted();
  const size = samples[0]?.input.length ?? 0;
  const inputs = new Float32Array(samples.length * size);
  samples.forEach(({ input }, row) => {
    inputs.set(input, row * size);
  });
  const labels = Int32Array.from(samples, ({ label }) => label);
  const { gradients, logits } = await model.lossGradients(inputs, labels, samples.length);
  return samples.map((_, row) => ({
    gradient: gradients.subarray(row * size, (row + 1) * size),
    logits: logits.subarray(row * model.classes, (row + 1) * model.classes),
  }));
}
