import type { Classifier } from '../classifier.js';

/** How models are evaluated on many inputs. */
export interface BatchOptions {
  readonly batchSize: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Logits of every input, in full batches: one array [classes] an input.
 * @throws the signal's reason once it is aborted
 */
export async function evaluateAll(
  model: Classifier,
  inputs: readonly Float32Array[],
  { batchSize, signal }: BatchOptions,
): Promise<readonly Float32Array[]> {
  const size = inputs[0]?.length ?? 0;
  const batch = new Float32Array(Math.min(batchSize, inputs.length) * size);
  const rows: Float32Array[] = [];
  for (let first = 0; first < inputs.length; first += batchSize) {
    signal?.throwIfAborted();
    const members = inputs.slice(first, first + batchSize);
    members.forEach((input, row) => {
      batch.set(input, row * size);
    });
    const logits = await model.logits(batch.subarray(0, members.length * size), members.length);
    members.forEach((_, row) => rows.push(logits.slice(row * model.classes, (row + 1) * model.classes)));
  }
  return rows;
}
