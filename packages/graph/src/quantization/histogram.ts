import type { QuantizationScheme, ValueRange } from './affine.js';
import { activationScale } from './affine.js';

/** How often a value's elements fell into equal bins of its range. */
export interface Histogram extends ValueRange {
  readonly counts: Float64Array;
}

/** Bins of a histogram: fine enough to choose a range of 256 steps. */
const BINS = 2048;

/** A histogram of nothing yet over a range that calibration has measured. */
export function emptyHistogram({ min, max }: ValueRange): Histogram {
  return { min, max, counts: new Float64Array(BINS) };
}

/** Counts values, those at the ends of the range included. */
export function countValues({ min, max, counts }: Histogram, values: Float32Array): void {
  const binsPerUnit = max > min ? counts.length / (max - min) : 0;
  const last = counts.length - 1;
  for (const value of values) {
    const bin = Math.min(last, Math.max(0, Math.floor((value - min) * binsPerUnit)));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
}

/**
 * The range that leaves out the share 1 − `share` of the elements: half of it at either end, but all of it at the other
 * where one end lies at 0 or beyond, as behind a Relu. 0 itself is never left out.
 */
export function percentileRange(histogram: Histogram, share: number): ValueRange {
  const { min, max, counts } = histogram;
  const total = counts.reduce((sum, count) => sum + count, 0);
  // The range of a scale holds 0: what lies between it and an end beyond it cannot be cut off.
  const ends = min < 0 && max > 0 ? 2 : 1;
  const left = ((1 - share) / ends) * total;
  const width = (max - min) / counts.length;
  const outside = (bins: Float64Array): number => {
    let seen = 0;
    const bin = bins.findIndex((count) => (seen += count) > left);
    return bin < 0 ? 0 : bin;
  };
  return {
    min: min >= 0 ? min : Math.min(0, min + outside(counts) * width),
    max: max <= 0 ? max : Math.max(0, max - outside(counts.toReversed()) * width),
  };
}

/** Shares of the full range that the search tries. */
const SHARES = Array.from({ length: 46 }, (_, step) => 1 - step * 0.02);

/** The part of the range that leaves the least squared error when values are rounded to `bits` bits within it. */
export function leastErrorRange(histogram: Histogram, bits: number, scheme: QuantizationScheme): ValueRange {
  const ranges = SHARES.map((share) => ({ min: share * histogram.min, max: share * histogram.max }));
  const errors = ranges.map((range) => roundingError(histogram, range, bits, scheme));
  const best = errors.indexOf(Math.min(...errors));
  return ranges[best] ?? histogram;
}

function roundingError(
  { min, max, counts }: Histogram,
  range: ValueRange,
  bits: number,
  scheme: QuantizationScheme,
): number {
  const { scale, low, high } = activationScale(range, bits, scheme);
  const width = (max - min) / counts.length;
  return counts.reduce((sum, count, bin) => {
    const center = min + (bin + 0.5) * width;
    const kept = Math.round(Math.min(high, Math.max(low, center)) / scale) * scale;
    return sum + count * (kept - center) ** 2;
  }, 0);
}
