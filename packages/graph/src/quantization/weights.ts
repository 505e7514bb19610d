import type { Tensor } from '../tensor.js';
import { sizeOf } from '../tensor.js';
import type { QuantizationScheme } from './affine.js';
import { LEAST_SCALE, roundToEven } from './affine.js';

export interface WeightScaleOptions {
  /** The axis that runs over output channels. */
  readonly axis: number;
  /** Bits of a weight, 2 to 8. */
  readonly bits: number;
  /** `channel`: a scale for each index of `axis`; `tensor`: one scale for all. */
  readonly granularity: 'channel' | 'tensor';
  /** Asymmetric weights have a zero point if they share one scale: integer kernels want one for all channels. */
  readonly scheme: QuantizationScheme;
  /** `min-max`: the range holds every weight; `mse`: the range that leaves the least squared error. */
  readonly ranges: 'min-max' | 'mse';
}

/** How weights become integers: round(w / scale) + zeroPoint, kept between `low` and `high`. */
export interface WeightScale {
  /** The axis of the channels that have scales of their own; null where one scale is for all. */
  readonly axis: number | null;
  /** One for each channel, or one. */
  readonly scales: Float32Array;
  readonly zeroPoint: number;
  /** Least and greatest integer. */
  readonly low: number;
  readonly high: number;
}

/** Shares of the full range that the search for the least error tries. */
const SHARES = Array.from({ length: 28 }, (_, step) => 1 - step * 0.025);

/**
 * Chooses scales for weights. Symmetric ranges leave out the lowest integer, so that they run from −127 to 127 at 8
 * bits and negated weights become negated integers.
 */
export function weightScale(weights: Tensor<'float32'>, options: WeightScaleOptions): WeightScale {
  const { axis, bits, granularity, scheme, ranges } = options;
  const top = 2 ** (bits - 1) - 1;
  if (granularity === 'tensor') return tensorScale(weights.data, { top, scheme, ranges });
  const scales = channelsOf(weights, axis).map((channel) => symmetricScale(channel, top, ranges));
  return { axis, scales: Float32Array.from(scales), zeroPoint: 0, low: -top, high: top };
}

/** Weights as integers. */
export function roundWeights(weights: Tensor<'float32'>, scale: WeightScale): Tensor<'int8'> {
  const at = scaleIndex(weights.shape, scale);
  const data = Int8Array.from(weights.data, (w, i) => toInteger(w, scale.scales[at(i)] ?? 1, scale));
  return { dataType: 'int8', shape: weights.shape, data };
}

/** Weights as what their integers stand for, into `out`: what quantization-aware training computes with. */
export function fakeQuantize(
  weights: Float32Array,
  shape: readonly number[],
  scale: WeightScale,
  out: Float32Array,
): void {
  const at = scaleIndex(shape, scale);
  for (let i = 0; i < weights.length; i++) {
    const step = scale.scales[at(i)] ?? 1;
    out[i] = (toInteger(weights[i] ?? 0, step, scale) - scale.zeroPoint) * step;
  }
}

/** Keeps weights inside what their integers can stand for, so that none drifts where rounding holds it fast. */
export function clampWeights(weights: Float32Array, shape: readonly number[], scale: WeightScale): void {
  const at = scaleIndex(shape, scale);
  const [low, high] = [scale.low - scale.zeroPoint, scale.high - scale.zeroPoint];
  for (let i = 0; i < weights.length; i++) {
    const step = scale.scales[at(i)] ?? 1;
    weights[i] = Math.min(high * step, Math.max(low * step, weights[i] ?? 0));
  }
}

interface Rounding {
  readonly top: number;
  readonly scheme: QuantizationScheme;
  readonly ranges: 'min-max' | 'mse';
}

function tensorScale(weights: Float32Array, { top, scheme, ranges }: Rounding): WeightScale {
  if (scheme === 'symmetric') {
    const scales = Float32Array.of(symmetricScale(weights, top, ranges));
    return { axis: null, scales, zeroPoint: 0, low: -top, high: top };
  }
  const [min, max] = weights.reduce<[number, number]>(
    ([a, b], w) => [Math.min(a, w), Math.max(b, w)],
    [0, 0],
  );
  const candidates = SHARES.slice(0, ranges === 'mse' ? undefined : 1).map((share): WeightScale => {
    const scale = Math.fround(Math.max((share * (max - min)) / (2 * top + 1), LEAST_SCALE));
    const zeroPoint = Math.min(top, Math.max(-top - 1, Math.round((-share * min) / scale) - top - 1));
    return { axis: null, scales: Float32Array.of(scale), zeroPoint, low: -top - 1, high: top };
  });
  return least(candidates, (candidate) => squaredError(weights, candidate.scales[0] ?? 1, candidate));
}

function symmetricScale(weights: Float32Array, top: number, ranges: 'min-max' | 'mse'): number {
  const largest = weights.reduce((size, w) => Math.max(size, Math.abs(w)), 0);
  const candidates = SHARES.slice(0, ranges === 'mse' ? undefined : 1).map((share) =>
    Math.fround(Math.max((share * largest) / top, LEAST_SCALE)),
  );
  return least(candidates, (scale) => squaredError(weights, scale, { zeroPoint: 0, low: -top, high: top }));
}

type Integers = Pick<WeightScale, 'zeroPoint' | 'low' | 'high'>;

function toInteger(weight: number, scale: number, { zeroPoint, low, high }: Integers): number {
  return Math.min(high, Math.max(low, roundToEven(weight / scale) + zeroPoint));
}

function squaredError(weights: Float32Array, scale: number, integers: Integers): number {
  return weights.reduce((sum, w) => {
    const error = (toInteger(w, scale, integers) - integers.zeroPoint) * scale - w;
    return sum + error * error;
  }, 0);
}

/** The candidate of the least cost, the first of several. */
function least<T>(candidates: readonly T[], cost: (candidate: T) => number): T {
  const [first, ...others] = candidates;
  if (first === undefined) throw new RangeError('there is nothing to choose from');
  if (others.length === 0) return first;
  return others.reduce<readonly [T, number]>(
    (best, candidate) => {
      const error = cost(candidate);
      return error < best[1] ? [candidate, error] : best;
    },
    [first, cost(first)],
  )[0];
}

/** The weights of each channel. */
function channelsOf({ shape, data }: Tensor<'float32'>, axis: number): readonly Float32Array[] {
  const channels = shape[axis] ?? 1;
  const inner = sizeOf(shape.slice(axis + 1));
  const each = Array.from({ length: channels }, () => new Float32Array(data.length / Math.max(1, channels)));
  const filled = new Uint32Array(channels);
  data.forEach((w, i) => {
    const channel = Math.floor(i / inner) % channels;
    const at = filled[channel] ?? 0;
    const values = each[channel];
    if (values !== undefined) values[at] = w;
    filled[channel] = at + 1;
  });
  return each;
}

/** Which scale the element at a position has. */
export function scaleIndex(
  shape: readonly number[],
  { axis }: Pick<WeightScale, 'axis'>,
): (position: number) => number {
  if (axis === null) return () => 0;
  const channels = shape[axis] ?? 1;
  const inner = sizeOf(shape.slice(axis + 1));
  return (position) => Math.floor(position / inner) % channels;
}
