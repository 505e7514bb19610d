import type { Executable, Graph, Runtime, Tensors, ValueInfo } from '@unpair/graph';
import { float32 } from '@unpair/graph';
import { RowLimit, runFitting } from '@unpair/classifiers';
import { UnpairError } from '@unpair/errors';

/** Samples that a model is looked at on. */
export interface SamplesToRun {
  readonly runtime: Runtime;
  /** [n, C, H, W] in [0, 1], n at least `count`. */
  readonly samples: Float32Array;
  /** Samples to look at, from the first. */
  readonly count: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a model of one input over the first samples, `largest` at a time at most, and shows each run's results.
 * @throws {UnpairError} when the samples do not fit the model's input or are too few
 * @throws the signal's reason once it is aborted
 */
export async function overSamples(
  graph: Graph,
  largest: number,
  { runtime, samples, count, signal }: SamplesToRun,
  look: (results: Tensors, rows: number) => void,
): Promise<void> {
  const executable = await runtime.load(graph);
  try {
    const { name, sample, batch } = inputOf(executable, largest);
    const size = sample.reduce((product, dim) => product * dim, 1);
    if (samples.length % size !== 0 || samples.length < count * size) {
      throw new UnpairError(
        'INVALID_ARGUMENT',
        `looking at ${count} samples of shape [${sample.join(', ')}] needs ${count * size} numbers, ` +
          `got ${samples.length}`,
      );
    }
    const sizing = { size: new RowLimit(batch) };
    for (let first = 0; first < count;) {
      signal?.throwIfAborted();
      const { rows, value } = await runFitting(count - first, sizing, (length) => {
        const data = samples.slice(first * size, (first + length) * size);
        return executable.run({ [name]: float32([length, ...sample], data) });
      });
      look(value, rows);
      first += rows;
    }
  } finally {
    await executable.close();
  }
}

function inputOf(
  { inputs }: Pick<Executable, 'inputs'>,
  largest: number,
): { readonly name: string; readonly sample: readonly number[]; readonly batch: number } {
  const [input, ...others]: readonly ValueInfo[] = inputs;
  const [batch, ...sample] = input?.shape ?? [];
  if (input === undefined || others.length > 0 || !sample.every((dim) => typeof dim === 'number')) {
    throw new UnpairError(
      'INVALID_ARGUMENT',
      'calibration and training need a model with one input whose samples have a fixed size',
    );
  }
  if (typeof batch === 'number' && batch !== 1) {
    throw new UnpairError(
      'INVALID_ARGUMENT',
      `calibration and training need a model with an open batch size, this one's is ${batch}`,
    );
  }
  return { name: input.name, sample, batch: batch === 1 ? 1 : largest };
}
