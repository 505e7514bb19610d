import { describe, expect, it } from 'vitest';
import { countValues, emptyHistogram, leastErrorRange, percentileRange } from '@unpair/graph';
import type { Histogram } from '@unpair/graph';
import { uniform } from '../support/random.js';

function histogramOf(values: Float32Array): Histogram {
  const histogram = emptyHistogram({ min: Math.min(...values), max: Math.max(...values) });
  countValues(histogram, values);
  return histogram;
}

/** 10,000 values in [0, 1], and one at 10. */
const outlier = Float32Array.from([...uniform(10_000, 1), 10]);

describe('percentileRange', () => {
  it('leaves out what is rare, at both ends', () => {
    const { min, max } = percentileRange(histogramOf(outlier.map((x) => x - 0.5)), 0.999);
    expect(min).toBeGreaterThanOrEqual(-0.51);
    expect(max).toBeLessThan(0.6);
    expect(max).toBeGreaterThan(0.45);
  });

  it('keeps an end at 0, and everything where it may leave out nothing', () => {
    const relu = histogramOf(outlier.map((x) => Math.max(0, x - 0.5)));
    expect(percentileRange(relu, 0.99).min).toBe(0);
    const { min, max } = percentileRange(histogramOf(outlier), 1);
    expect(min).toBeCloseTo(Math.min(...outlier), 2);
    expect(max).toBeCloseTo(10, 2);
  });

  it.each([1, -1])('leaves out the whole share at the one end that is not at 0, times %d', (sign) => {
    // Evenly spread from 0: a hundredth of the values lies beyond 0.99 of the range.
    const ramp = Float32Array.from({ length: 100_000 }, (_, i) => (sign * i) / 100_000);
    const histogram = emptyHistogram({ min: Math.min(0, sign), max: Math.max(0, sign) });
    countValues(histogram, ramp);
    const { min, max } = percentileRange(histogram, 0.99);
    expect(sign > 0 ? min : max).toBe(0);
    expect(Math.abs(sign > 0 ? max : min)).toBeCloseTo(0.99, 3);
  });

  it('survives a value that never changes', () => {
    expect(percentileRange(histogramOf(new Float32Array(5)), 0.99)).toEqual({ min: 0, max: 0 });
  });
});

describe('leastErrorRange', () => {
  it('clips an outlier when bits are few, and never takes more than was seen', () => {
    const histogram = histogramOf(outlier);
    const few = leastErrorRange(histogram, 3, 'asymmetric');
    expect(few.max).toBeLessThan(5);
    expect(few.max).toBeGreaterThan(0.9);
    const many = leastErrorRange(histogram, 8, 'symmetric');
    expect(many.max).toBeGreaterThan(few.max);
    expect(many.max).toBeLessThanOrEqual(10);
  });
});
