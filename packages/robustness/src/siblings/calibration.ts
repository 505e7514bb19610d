import type { Executable, Graph, Histogram, Runtime, Tensors, ValueInfo, ValueRange } from '@unpair/graph';
import {
  countValues,
  emptyHistogram,
  float32,
  leastErrorRange,
  observeRanges,
  observeValues,
  percentileRange,
} from '@unpair/graph';
import type { QuantizationScheme } from '@unpair/graph';
import { RowLimit, runFitting } from '../batching/run-size.js';
import { RobustnessError } from '../robustness-error.js';

/** Ways of choosing the range of a value from what calibration saw of it, in the order of the documentation. */
export const RANGE_METHODS = ['min-max', 'percentile', 'mse'] as const;

/** `min-max`: all of it. `percentile`: all but one in 10,000. `mse`: what leaves the least squared error. */
export type RangeMethod = (typeof RANGE_METHODS)[number];

export interface CalibrationOptions {
  readonly runtime: Runtime;
  /** [n, C, H, W] in [0, 1], n at least `count`. */
  readonly samples: Float32Array;
  /** Samples to look at, from the first. */
  readonly count: number;
  readonly method: RangeMethod;
  /** What the values will be rounded to, on which the least error depends. */
  readonly rounding: { readonly bits: number; readonly scheme: QuantizationScheme };
  readonly signal?: AbortSignal | undefined;
}

/** Samples of one run at most; ranges do not depend on it. */
const BATCH = 64;
/** As `BATCH`, where whole activations leave the graph. */
const VALUES_BATCH = 8;
/** Elements that a percentile range keeps. */
const KEPT = 0.9999;

/**
 * Ranges of a model's values over calibration samples.
 * @throws {RobustnessError} when the samples do not fit the model's input or are too few
 * @throws the signal's reason once it is aborted
 */
export async function calibrate(
  graph: Graph,
  options: CalibrationOptions,
): Promise<ReadonlyMap<string, ValueRange>> {
  const extremes = await measureExtremes(graph, options);
  if (options.method === 'min-max') return extremes;
  const { bits, scheme } = options.rounding;
  const histograms = await measureHistograms(graph, extremes, options);
  return new Map(
    [...histograms].map(([value, histogram]) => [
      value,
      options.method === 'percentile'
        ? percentileRange(histogram, KEPT)
        : leastErrorRange(histogram, bits, scheme),
    ]),
  );
}

async function measureExtremes(
  graph: Graph,
  options: CalibrationOptions,
): Promise<ReadonlyMap<string, ValueRange>> {
  const observed = observeRanges(graph);
  const seen = new Map<string, ValueRange>();
  await overBatches(observed.graph, BATCH, options, (results) => {
    for (const { value, min, max } of observed.ranges) {
      seen.set(value, widen(seen.get(value), scalarOf(results, min), scalarOf(results, max)));
    }
  });
  return seen;
}

async function measureHistograms(
  graph: Graph,
  extremes: ReadonlyMap<string, ValueRange>,
  options: CalibrationOptions,
): Promise<ReadonlyMap<string, Histogram>> {
  const observed = observeValues(graph);
  const histograms = new Map([...extremes].map(([value, range]) => [value, emptyHistogram(range)]));
  await overBatches(observed.graph, VALUES_BATCH, options, (results) => {
    for (const { value, output } of observed.values) {
      const [histogram, tensor] = [histograms.get(value), results[output]];
      if (histogram !== undefined && tensor?.dataType === 'float32') countValues(histogram, tensor.data);
    }
  });
  return histograms;
}

async function overBatches(
  graph: Graph,
  largest: number,
  { runtime, samples, count, signal }: CalibrationOptions,
  look: (results: Tensors) => void,
): Promise<void> {
  const executable = await runtime.load(graph);
  try {
    const { name, sample, batch } = inputOf(executable, largest);
    const size = sample.reduce((product, dim) => product * dim, 1);
    if (samples.length % size !== 0 || samples.length < count * size) {
      throw new RobustnessError(
        `calibration on ${count} samples of shape [${sample.join(', ')}] needs ${count * size} numbers, ` +
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
      look(value);
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
    throw new RobustnessError('calibration needs a model with one input whose samples have a fixed size');
  }
  if (typeof batch === 'number' && batch !== 1) {
    throw new RobustnessError(`calibration needs a model with an open batch size, this one's is ${batch}`);
  }
  return { name: input.name, sample, batch: batch === 1 ? 1 : largest };
}

function scalarOf(results: Tensors, name: string): number {
  return Number(results[name]?.data[0] ?? NaN);
}

function widen(range: ValueRange | undefined, min: number, max: number): ValueRange {
  return range === undefined
    ? { min, max }
    : { min: Math.min(range.min, min), max: Math.max(range.max, max) };
}
