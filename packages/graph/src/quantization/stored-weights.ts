import { intAttribute } from '../attributes.js';
import type { Graph, Node } from '../graph.js';
import type { Tensor } from '../tensor.js';
import { float32 } from '../tensor.js';
import type { WeightScale } from './weights.js';
import { scaleIndex } from './weights.js';

/** A constant of integers behind a DequantizeLinear, as floats and as what rounds them again. */
export interface StoredConstant {
  /** The DequantizeLinear. */
  readonly node: Node;
  /** What the integers stand for. */
  readonly values: Tensor<'float32'>;
  readonly axis: number | null;
  readonly scales: Float32Array;
  /** As int8, where the file has uint8. */
  readonly zeroPoint: number;
  /** Least and greatest integer that occurs, as int8 where the file has uint8. */
  readonly least: number;
  readonly greatest: number;
  readonly dataType: 'int8' | 'uint8' | 'int32';
}

/**
 * What a DequantizeLinear of a constant stores; undefined for any other node, and where one zero point cannot stand for
 * all channels or scales go by blocks.
 */
export function storedConstant(graph: Graph, node: Node): StoredConstant | undefined {
  if (node.op !== 'DequantizeLinear') return undefined;
  const [integers, scales, zeros] = node.inputs.map((name) => graph.initializers.get(name));
  if (integers === undefined || scales?.dataType !== 'float32' || scales.shape.length > 1) return undefined;
  const { dataType, shape, data } = integers;
  if (dataType !== 'int8' && dataType !== 'uint8' && dataType !== 'int32') return undefined;
  const points = new Set(Array.from(zeros?.data ?? [0], Number));
  const [stored = 0, another] = points;
  if (another !== undefined || (zeros === undefined && (node.inputs[2] ?? '') !== '')) return undefined;
  const axis = scales.data.length === 1 ? null : axisOf(node, shape.length);
  const layout = { axis, scales: scales.data };
  if (axis !== null && shape[axis] !== scales.data.length) return undefined;
  // As int8, numbers and zero point are 128 less.
  const shift = dataType === 'uint8' ? 128 : 0;
  const at = scaleIndex(shape, layout);
  const values = Float32Array.from(data, (q, i) => Math.fround(q - stored) * (layout.scales[at(i)] ?? 1));
  const [least, greatest] = extremesOf(data);
  return {
    node,
    values: float32(shape, values),
    ...layout,
    zeroPoint: stored - shift,
    least: least - shift,
    greatest: greatest - shift,
    dataType,
  };
}

/**
 * The fewest bits, from 2 to 8, that all weights of a model fit in: files store a byte each, whatever they were rounded
 * to.
 */
export function fewestBits(weights: readonly StoredConstant[]): number {
  const fits = (bits: number): boolean =>
    weights.every(({ least, greatest }) => least >= -(2 ** (bits - 1)) && greatest < 2 ** (bits - 1));
  return [2, 3, 4, 5, 6, 7].find(fits) ?? 8;
}

/** How weights of so many bits are rounded again. Symmetric ones leave out the lowest integer unless it occurs. */
export function recoveredScale(
  { axis, scales, zeroPoint, least }: StoredConstant,
  bits: number,
): WeightScale {
  const top = 2 ** (bits - 1) - 1;
  const low = zeroPoint === 0 && least >= -top ? -top : -top - 1;
  return { axis, scales, zeroPoint, low, high: top };
}

function axisOf(node: Node, rank: number): number {
  const axis = intAttribute(node, 'axis', 1);
  return axis < 0 ? axis + rank : axis;
}

/** Whether int32 biases are in units of input scale times weight scale, as `quantizeBias` writes them. */
export function isInUnitsOf(bias: StoredConstant, inputScale: number, weightScales: Float32Array): boolean {
  if (bias.dataType !== 'int32' || bias.zeroPoint !== 0) return false;
  if (bias.scales.length !== weightScales.length) return false;
  return bias.scales.every((scale, c) => scale === Math.fround((weightScales[c] ?? 0) * inputScale));
}

function extremesOf(integers: Iterable<number>): readonly [number, number] {
  let [least, greatest] = [Infinity, -Infinity];
  for (const integer of integers) {
    if (integer < least) least = integer;
    if (integer > greatest) greatest = integer;
  }
  return [least, greatest];
}
