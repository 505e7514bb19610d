import type { Operation, Stepped } from '../operation.js';
import { activate } from './activation.js';

/** Bits after the leading one of the larger multiplier in XNNPACK's integer sums. */
const MULTIPLIER_BITS = 20;

/** Bits of a multiplier that are summed apart: what is left of it, times 8-bit integers, is exact in float32. */
const LOW_BITS = 7;

/** Ratios of input scale to output scale for which XNNPACK has a kernel. */
const RATIOS = { least: 2 ** -10, below: 2 ** 8 } as const;

/**
 * A sum or difference of 8-bit values, rounded as LiteRT's XNNPACK kernels round it: ⌊(a·m + b·n)/2ˢ + ½⌋ for the
 * integers a and b less their zero points, with multipliers m and n of 21 bits. Near a tie the rounding of the multipliers
 * decides, which arithmetic on scales in float32 does not see.
 *
 * Products with m and n need 30 bits. Their upper bits and their lowest 7 are summed apart, each exactly; the carry of
 * the lower sum is its floor. Derivatives pass through the upper sum alone, which lowers them by at most 2⁻¹³ of the larger.
 * @returns `undefined` where the operands are no integers, or LiteRT has another kernel for them
 */
export function sumOfIntegers(o: Operation, op: 'Add' | 'Sub'): Stepped | undefined {
  const [a, b, out] = [o.scale({ input: 0 }), o.scale({ input: 1 }), o.scale({ output: 0 })];
  if (o.inputCount !== 2 || a === undefined || b === undefined || out === undefined) return undefined;
  const ratios = [Math.fround(a / out), Math.fround(b / out)];
  if (!ratios.every((ratio) => ratio >= RATIOS.least && ratio < RATIOS.below)) return undefined;
  const shift = MULTIPLIER_BITS - Math.floor(Math.log2(Math.max(...ratios)));
  const multipliers = ratios.map((ratio) => roundHalfEven(ratio * 2 ** shift));
  const sumOf = (parts: readonly number[]): string =>
    o.emit(
      op,
      parts.map((part, i) => o.scaled(i, part)),
    );
  const unit = 2 ** LOW_BITS;
  const upper = sumOf(multipliers.map((multiplier) => Math.floor(multiplier / unit)));
  const carry = o.emit('Floor', [sumOf(multipliers.map((multiplier) => (multiplier % unit) / unit))]);
  // Half a unit more sends ties up, and nothing else.
  const total = o.emit('Add', [o.emit('Add', [upper, carry]), o.scalar(0.5)]);
  const step = 2 ** (shift - LOW_BITS);
  return { name: activate(o, 0, total, step / out), step };
}

function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
