import type { Graph, Histogram, Tensors, ValueRange } from '@unpair/graph';
import {
  countValues,
  emptyHistogram,
  leastErrorRange,
  observeRanges,
  observeValues,
  percentileRange,
} from '@unpair/graph';
import type { QuantizationScheme } from '@unpair/graph';
import type { SamplesToRun } from '@unpair/training';
import { overSamples } from '@unpair/training';

/** Ways of choosing the range of a value from what calibration saw of it, in the order of the documentation. */
export const RANGE_METHODS = ['min-max', 'percentile', 'mse'] as const;

/** `min-max`: all of it. `percentile`: all but one in 10,000. `mse`: what leaves the least squared error. */
export type RangeMethod = (typeof RANGE_METHODS)[number];

export interface CalibrationOptions extends SamplesToRun {
  readonly method: RangeMethod;
  /** What the values will be rounded to, on which the least error depends. */
  readonly rounding: { readonly bits: number; readonly scheme: QuantizationScheme };
}

/** Samples of one run at most; ranges do not depend on it. */
const BATCH = 64;
/** As `BATCH`, where whole activations leave the graph. */
const VALUES_BATCH = 8;
/** Elements that a percentile range keeps. */
const KEPT = 0.9999;

/**
 * Ranges of a model's values over calibration samples.
 * @throws {UnpairError} when the samples do not fit the model's input or are too few
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
  await overSamples(observed.graph, BATCH, options, (results) => {
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
  await overSamples(observed.graph, VALUES_BATCH, options, (results) => {
    for (const { value, output } of observed.values) {
      const [histogram, tensor] = [histograms.get(value), results[output]];
      if (histogram !== undefined && tensor?.dataType === 'float32') countValues(histogram, tensor.data);
    }
  });
  return histograms;
}

function scalarOf(results: Tensors, name: string): number {
  return Number(results[name]?.data[0] ?? NaN);
}

function widen(range: ValueRange | undefined, min: number, max: number): ValueRange {
  return range === undefined
    ? { min, max }
    : { min: Math.min(range.min, min), max: Math.max(range.max, max) };
}
