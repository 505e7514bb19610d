import { codeOfDataType } from '../../data-types.js';
import { int, string } from '../../graph.js';
import { float32 } from '../../tensor.js';
import type { BroadcastAdjoint, GradientRule, InputAdjoints, Pullback, RuleTable } from '../rule.js';
import type { WindowAxis } from '../windows/geometry.js';
import { readWindowAxes, tapsOf } from '../windows/geometry.js';
import { mergeTaps, sliceTaps, windowPads } from '../windows/slices.js';
import { firstWinnerTakesAll } from './extremum.js';
import type { Reduction } from './reduction.js';
import { spreadExtremum, spreadMean } from './reduction.js';

/** Pools over any number of spatial axes. */
export const poolingRules: RuleTable = {
  AveragePool: averagePool,
  MaxPool: maxPool,
  GlobalAveragePool: global(spreadMean),
  GlobalMaxPool: global(spreadExtremum),
};

/** A global pool is a reduction over the spatial axes that keeps them. */
function global(spread: (p: Pullback, reduction: Reduction) => string | BroadcastAdjoint): GradientRule {
  return (p) => {
    const axes = p.shape(0).flatMap((_, axis) => (axis < 2 ? [] : [axis]));
    return [spread(p, { axes, shape: p.outputShape, dy: p.dy, y: p.y })];
  };
}

/** Every element of a window gets the same share of its adjoint. */
function averagePool(p: Pullback): InputAdjoints {
  const axes = poolAxes(p);
  const share = p.emit.mul(p.dy, windowShares(p, axes));
  const pieces = tapsOf(axes).map(() => share);
  return [mergeTaps(p.emit, pieces, axes, channelsOf(p))];
}

/** 1 / (elements averaged) at each position: a scalar, or [1,1,positions] where borders average fewer. */
function windowShares(p: Pullback, axes: readonly WindowAxis[]): string {
  const counted = axes.map((axis, index) => countedElements(p, axis, index));
  if (counted.every((counts) => new Set(counts).size === 1)) {
    return p.emit.scalar(1 / counted.reduce((product, [count = 1]) => product * count, 1));
  }
  const counts = counted.reduce((all, next) => all.flatMap((a) => next.map((b) => a * b)), [1]);
  const shape = [1, 1, ...axes.map(({ count }) => count)];
  const shares = counts.map((count) => 1 / count);
  return p.emit.constant(
    p.emit.dataType === 'float64'
      ? { dataType: 'float64', shape, data: Float64Array.from(shares) }
      : float32(shape, shares),
  );
}

/** How many elements count at each position of one axis: padding does where the node says so. */
function countedElements(p: Pullback, axis: WindowAxis, index: number): readonly number[] {
  const { kernel, stride, dilation, begin, end, size, count } = axis;
  const pads = p.ints('pads') ?? [];
  const automatic = p.string('auto_pad', 'NOTSET').startsWith('SAME');
  const after = automatic ? Math.max(end, 0) : (pads[index + pads.length / 2] ?? 0);
  const padded = p.int('count_include_pad', 0) === 1;
  const [low, high] = padded ? [-begin, size + after] : [0, size];
  return Array.from({ length: count }, (_, position) => {
    const first = position * stride - begin;
    const taps = Array.from({ length: kernel }, (__, tap) => first + tap * dilation);
    return taps.filter((element) => element >= low && element < high).length;
  });
}

/** All of a window's adjoint goes to its first largest element, as the runtimes' own indices say. */
function maxPool(p: Pullback): InputAdjoints {
  const axes = poolAxes(p);
  const pads = windowPads(axes);
  const least = p.emit.scalar(-Infinity);
  const [x, y] = [inFloat(p, p.x), inFloat(p, p.y)];
  const padded = pads.every((amount) => amount === 0)
    ? x
    : p.emit.op('Pad', [x, p.emit.vector(pads), least], { mode: string('constant') });
  const pieces = firstWinnerTakesAll(p, sliceTaps(p.emit, padded, axes), y);
  return [mergeTaps(p.emit, pieces, axes, channelsOf(p))];
}

/** Between a QuantizeLinear and a DequantizeLinear a pool compares integers, which float32 holds exactly. */
export function inFloat({ emit }: Pullback, value: string): string {
  const isFloat = emit.typeOf(value).dataType.startsWith('float');
  return isFloat ? value : emit.op('Cast', [value], { to: int(codeOfDataType(emit.dataType)) });
}

/** The windows of a pool, axis by axis. */
export function poolAxes(p: Pullback): readonly WindowAxis[] {
  return readWindowAxes(p, p.ints('kernel_shape') ?? [], { outer: p.shape(0), positions: p.outputShape });
}

/** Channels of what is pooled. */
export function channelsOf(p: Pullback): number {
  const [channels = 1] = p.sizes(p.shape(0).slice(1, 2));
  return channels;
}
