import type { ObservedGraph, Executable, Tensors, ValueInfo, ValueRange } from '@unpair/graph';
import { float32 } from '@unpair/graph';
import { RobustnessError } from '../robustness-error.js';

export interface CalibrationOptions {
  /** Samples to look at, from the first. */
  readonly count: number;
  readonly signal?: AbortSignal | undefined;
}

/** Samples of one run; ranges do not depend on it. */
const BATCH = 64;

/**
 * Ranges of a model's values over calibration samples: the least and greatest element of each.
 * @param samples [n, C, H, W], n at least `count`
 * @throws {RobustnessError} when the samples do not fit the model's input or are too few
 * @throws the signal's reason once it is aborted
 */
export async function calibrate(
  { ranges }: ObservedGraph,
  executable: Executable,
  samples: Float32Array,
  { count, signal }: CalibrationOptions,
): Promise<ReadonlyMap<string, ValueRange>> {
  const { name, sample, batch } = inputOf(executable.inputs);
  const size = sample.reduce((product, dim) => product * dim, 1);
  if (samples.length % size !== 0 || samples.length < count * size) {
    throw new RobustnessError(
      `calibration on ${count} samples of shape [${sample.join(', ')}] needs ${count * size} numbers, ` +
        `got ${samples.length}`,
    );
  }
  const seen = new Map<string, ValueRange>();
  for (let first = 0; first < count; first += batch) {
    signal?.throwIfAborted();
    const length = Math.min(batch, count - first);
    const data = samples.slice(first * size, (first + length) * size);
    const results = await executable.run({ [name]: float32([length, ...sample], data) });
    for (const { value, min, max } of ranges) {
      seen.set(value, widen(seen.get(value), scalarOf(results, min), scalarOf(results, max)));
    }
  }
  return seen;
}

function inputOf(inputs: readonly ValueInfo[]): {
  readonly name: string;
  readonly sample: readonly number[];
  readonly batch: number;
} {
  const [input, ...others] = inputs;
  const [batch, ...sample] = input?.shape ?? [];
  if (input === undefined || others.length > 0 || !sample.every((dim) => typeof dim === 'number')) {
    throw new RobustnessError('calibration needs a model with one input whose samples have a fixed size');
  }
  if (typeof batch === 'number' && batch !== 1) {
    throw new RobustnessError(`calibration needs a model with an open batch size, this one's is ${batch}`);
  }
  return { name: input.name, sample, batch: batch === 1 ? 1 : BATCH };
}

function scalarOf(results: Tensors, name: string): number {
  return Number(results[name]?.data[0] ?? NaN);
}

function widen(range: ValueRange | undefined, min: number, max: number): ValueRange {
  return range === undefined
    ? { min, max }
    : { min: Math.min(range.min, min), max: Math.max(range.max, max) };
}
