import type { Node } from '../../graph.js';
import { float32 } from '../../tensor.js';
import type { InputAdjoints, Pullback, RuleTable } from '../rule.js';
import { fromFront } from '../rule.js';

/**
 * Straight-through estimator (Bengio et al., 1308.3432): rounding is differentiated as if it were not there, and
 * clipping as clipping. The adjoint of an integer value is written in real units, per unit of scale·value, so that
 * a pair of QuantizeLinear and DequantizeLinear with one scale costs a mask and no multiplication.
 */
export const quantizationRules: RuleTable = {
  QuantizeLinear: quantize,
  DequantizeLinear: dequantize,
  // Its range is the tensor's own, so nothing is clipped; the range itself counts as constant.
  DynamicQuantizeLinear: (p) => [p.adjointOf(0)],
};

const QUANTIZERS: ReadonlySet<string> = new Set(['QuantizeLinear', 'DynamicQuantizeLinear']);

const ranges: Readonly<Record<string, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
};

/** Passes the adjoint where x rounds to a value inside the integer range. */
function quantize(p: Pullback): InputAdjoints {
  const { emit } = p;
  const scale = constantInput(p, 1);
  const range = ranges[emit.typeOf(p.y).dataType];
  if (range === undefined) throw p.refuse(`its output is ${emit.typeOf(p.y).dataType}`);
  const zeroPoint = p.optional(2) === undefined ? undefined : constantInput(p, 2);
  const bound = (edge: number): string => {
    const limits = scale.map((step, index) => (edge - (zeroPoint?.[index] ?? 0)) * step);
    return emit.constant(float32(boundShape(p, limits.length), limits));
  };
  // The product of both distances is positive inside the range alone.
  const distances = [emit.sub(p.x, bound(range[0] - 0.5)), emit.sub(bound(range[1] + 0.5), p.x)];
  return [emit.mul(p.dy, emit.step(distances.reduce((a, b) => emit.mul(a, b))))];
}

/** Usually the scale is the one that the value was quantized with; else their ratio is a factor. */
function dequantize(p: Pullback): InputAdjoints {
  const quantizer = quantizerOf(p);
  if (quantizer?.op === 'DynamicQuantizeLinear') return [perDynamicUnit(p, quantizer)];
  const scale = constantInput(p, 1);
  const other = p.emit.numbersOf(quantizer?.inputs[1] ?? '');
  if (other === undefined) throw p.refuse('what quantized its input is not to be found');
  const ratios = scale.map((step, index) => step / (other[index] ?? NaN));
  if (scale.length !== other.length) throw p.refuse('its input was quantized along another axis');
  if (ratios.every((ratio) => ratio === 1)) return [p.dy];
  return [p.emit.mul(p.dy, p.emit.constant(float32(boundShape(p, ratios.length), ratios)))];
}

/** The ratio of the scales where the quantizer's own is computed at run time. */
function perDynamicUnit(p: Pullback, quantizer: Node): string {
  const [scale, own = ''] = [p.input(1), quantizer.outputs[1]];
  return scale === own ? p.dy : p.emit.mul(p.dy, p.emit.div(scale, own));
}

/** The QuantizeLinear behind a value, looking through operators that only move integers about. */
function quantizerOf(p: Pullback): Node | undefined {
  let node = p.emit.producerOf(p.x);
  while (node !== undefined && !QUANTIZERS.has(node.op)) node = p.emit.producerOf(node.inputs[0] ?? '');
  return node;
}

/** One number for the tensor, or one for each element along `axis`, laid out to broadcast. */
function boundShape(p: Pullback, count: number): readonly number[] {
  if (count === 1) return [];
  const rank = p.shape(0).length;
  const axis = fromFront(p.int('axis', 1), rank);
  return [count, ...Array.from({ length: rank - 1 - axis }, () => 1)];
}

function constantInput(p: Pullback, index: number): readonly number[] {
  const numbers = p.emit.numbersOf(p.input(index));
  if (numbers === undefined || p.wants(index))
    throw p.refuse(`its input "${p.input(index)}" is not constant`);
  return numbers;
}
