import type { Tensor } from '../tensor.js';
import { sizeOf } from '../tensor.js';

/** Least and greatest value seen in calibration. */
export interface ValueRange {
  readonly min: number;
  readonly max: number;
}

/** How a real number r becomes an integer: round(r / scale) + zeroPoint. */
export interface ActivationScale {
  readonly scale: number;
  readonly zeroPoint: number;
  /** The real numbers at the ends of the integer range. */
  readonly low: number;
  readonly high: number;
}

/** Smallest scale: a range of nothing but zeros still needs one, and float32 must hold its products. */
const LEAST_SCALE = 2 ** -40;

/**
 * Asymmetric quantization of a range to `bits` unsigned bits. The range is widened to hold 0, which becomes an
 * integer exactly: padding and Relu depend on it.
 */
export function activationScale({ min, max }: ValueRange, bits: number): ActivationScale {
  const [low, high, top] = [Math.min(min, 0), Math.max(max, 0), 2 ** bits - 1];
  const scale = Math.fround(Math.max((high - low) / top, LEAST_SCALE));
  const zeroPoint = Math.min(top, Math.max(0, Math.round(-low / scale)));
  return { scale, zeroPoint, low: -zeroPoint * scale, high: (top - zeroPoint) * scale };
}

/** Weights as integers, with a scale for each channel. */
export interface QuantizedWeights {
  readonly values: Tensor<'int8'>;
  readonly scales: Tensor<'float32'>;
}

/**
 * Symmetric quantization of weights to `bits` signed bits, with one scale for each index of `axis`. The range is
 * symmetric, −127 to 127 for 8 bits, so that negated weights become negated integers.
 */
export function quantizeWeights(weights: Tensor<'float32'>, axis: number, bits: number): QuantizedWeights {
  const channels = weights.shape[axis] ?? 1;
  const inner = sizeOf(weights.shape.slice(axis + 1));
  const channelOf = (i: number): number => Math.floor(i / inner) % channels;
  const top = 2 ** (bits - 1) - 1;
  const largest = new Float64Array(channels);
  weights.data.forEach((w, i) => {
    largest[channelOf(i)] = Math.max(largest[channelOf(i)] ?? 0, Math.abs(w));
  });
  const scales = Float32Array.from(largest, (size) => Math.max(size / top, LEAST_SCALE));
  const values = Int8Array.from(weights.data, (w, i) =>
    Math.min(top, Math.max(-top, roundToEven(w / (scales[channelOf(i)] ?? 1)))),
  );
  return {
    values: { dataType: 'int8', shape: weights.shape, data: values },
    scales: { dataType: 'float32', shape: [channels], data: scales },
  };
}

/** A bias in units of input scale times weight scale, as integer kernels add it. */
export function quantizeBias(
  bias: Tensor<'float32'>,
  inputScale: number,
  weightScales: Tensor<'float32'>,
): { readonly values: Tensor<'int32'>; readonly scales: Tensor<'float32'> } {
  const scales = weightScales.data.map((scale) => scale * inputScale);
  const limit = 2 ** 31 - 1;
  const values = Int32Array.from(bias.data, (b, c) =>
    Math.min(limit, Math.max(-limit, roundToEven(b / (scales[c] ?? 1)))),
  );
  return {
    values: { dataType: 'int32', shape: bias.shape, data: values },
    scales: { dataType: 'float32', shape: weightScales.shape, data: scales },
  };
}

/** Halves go to the even neighbour, as QuantizeLinear has it. */
function roundToEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}
