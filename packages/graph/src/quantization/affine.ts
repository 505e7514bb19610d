import type { Tensor } from '../tensor.js';

/** Least and greatest value seen in calibration. */
export interface ValueRange {
  readonly min: number;
  readonly max: number;
}

/**
 * Where zero lies. `asymmetric`: activations in their own range, with a zero point. `symmetric`: activations in a
 * range around 0, half of which values behind a Relu leave unused.
 */
export type QuantizationScheme = 'asymmetric' | 'symmetric';

/** How a real number r becomes an integer: round(r / scale) + zeroPoint. */
export interface ActivationScale {
  readonly dataType: 'uint8' | 'int8';
  readonly scale: number;
  readonly zeroPoint: number;
  /** The real numbers at the ends of the integer range. */
  readonly low: number;
  readonly high: number;
}

/** Smallest scale: a range of nothing but zeros still needs one, and float32 must hold its products. */
export const LEAST_SCALE = 2 ** -40;

/**
 * Quantization of a range to `bits` bits: unsigned with a zero point, or, symmetric, signed around 0. The range is
 * widened to hold 0, which becomes an integer exactly: padding and Relu depend on it.
 */
export function activationScale(
  { min, max }: ValueRange,
  bits: number,
  scheme: QuantizationScheme = 'asymmetric',
): ActivationScale {
  if (scheme === 'symmetric') {
    const top = 2 ** (bits - 1) - 1;
    const scale = Math.fround(Math.max(Math.max(-min, max) / top, LEAST_SCALE));
    return inBits({ dataType: 'int8', scale, zeroPoint: 0 }, bits);
  }
  const [low, high, top] = [Math.min(min, 0), Math.max(max, 0), 2 ** bits - 1];
  const scale = Math.fround(Math.max((high - low) / top, LEAST_SCALE));
  const zeroPoint = Math.min(top, Math.max(0, Math.round(-low / scale)));
  return inBits({ dataType: 'uint8', scale, zeroPoint }, bits);
}

/** The range that `bits` bits leave of a scale: all of uint8, or int8 but its lowest. */
export function inBits(
  { dataType, scale, zeroPoint }: Pick<ActivationScale, 'dataType' | 'scale' | 'zeroPoint'>,
  bits: number,
): ActivationScale {
  const [below, above] =
    dataType === 'int8' ? [2 ** (bits - 1) - 1, 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
  const [low, high] = [-(below + zeroPoint) * scale, (above - zeroPoint) * scale];
  return { dataType, scale, zeroPoint, low, high };
}

/**
 * Scales of weights in whose units, input scale times weight scale, a bias fits into int32. Filters that vanish, as
 * pruning leaves them, and inputs that were 0 throughout calibration have scales so small that it would not. Their
 * weight scale is raised until the bias takes 31 bits: to round a weight by it then costs a product with an 8-bit input
 * 2^-22 of the bias at most. All other scales stay, to the bit.
 */
export function scalesHoldingBias(
  bias: Tensor<'float32'>,
  inputScale: number,
  weightScales: Float32Array,
): Float32Array {
  const raised = weightScales.slice();
  const units = weightScales.map((scale) => scale * inputScale);
  bias.data.forEach((b, c) => {
    const at = units.length === 1 ? 0 : c;
    // A bias read back from a file may be 2^31 − 1 units, which float32 has as 2^31.
    if (Math.abs(b) <= 2 ** 31 * (units[at] ?? 1)) return;
    raised[at] = Math.max(raised[at] ?? 0, Math.abs(b) / (inputScale * 2 ** 30));
  });
  return raised;
}

/** A bias in units of input scale times weight scale, as integer kernels add it. */
export function quantizeBias(
  bias: Tensor<'float32'>,
  inputScale: number,
  weightScales: Float32Array,
): { readonly values: Tensor<'int32'>; readonly scales: Float32Array } {
  const scales = weightScales.map((scale) => scale * inputScale);
  const limit = 2 ** 31 - 1;
  const values = Int32Array.from(bias.data, (b, c) =>
    Math.min(limit, Math.max(-limit, roundToEven(b / (scales[scales.length === 1 ? 0 : c] ?? 1)))),
  );
  return { values: { dataType: 'int32', shape: bias.shape, data: values }, scales };
}

/** Halves go to the even neighbour, as QuantizeLinear has it. */
export function roundToEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}
