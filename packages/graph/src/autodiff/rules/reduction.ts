import { codeOfDataType } from '../../data-types.js';
import type { Dim } from '../../graph.js';
import { int } from '../../graph.js';
import type { BroadcastAdjoint, GradientRule, Pullback, RuleTable } from '../rule.js';
import { fromFront } from '../rule.js';

/** A reduction on its way back: its adjoint, and its output, with ones for the axes that were reduced. */
export interface Reduction {
  readonly axes: readonly number[];
  /** Shape of `dy` and `y`. */
  readonly shape: readonly Dim[];
  readonly dy: string;
  readonly y: string;
}

/** Sums, means, norms and extrema over axes. */
export const reductionRules: RuleTable = {
  ReduceSum: reduction((_, { dy, shape }) => ({ value: dy, shape })),
  ReduceMean: reduction(spreadMean),
  ReduceSumSquare: reduction((p, { dy }) => p.emit.mul(p.x, p.emit.scale(dy, 2))),
  ReduceL1: reduction((p, { dy }) => p.emit.mul(p.emit.op('Sign', [p.x]), dy)),
  ReduceL2: reduction(spreadNorm),
  ReduceMax: reduction(spreadExtremum),
  ReduceMin: reduction(spreadExtremum),
};

/** Below any norm but that of zeros, whose derivative is 0: divided by itself it would be NaN. */
const SMALLEST_NORM = 1e-30;

function spreadNorm({ emit, x }: Pullback, { dy, y }: Reduction): string {
  return emit.mul(x, emit.div(dy, emit.op('Max', [y, emit.scalar(SMALLEST_NORM)])));
}

/** Every element gets the same share of its mean's adjoint. */
export function spreadMean(p: Pullback, { axes, dy, shape }: Reduction): BroadcastAdjoint {
  const sizes = axes.map((axis) => p.shape(0)[axis] ?? 1);
  const known = sizes.filter((size) => typeof size === 'number');
  if (known.length === sizes.length) {
    return { value: p.emit.scale(dy, 1 / known.reduce((product, size) => product * size, 1)), shape };
  }
  const count = p.emit.div(elementsOf(p, p.x), elementsOf(p, p.y));
  return { value: p.emit.div(dy, count), shape };
}

/** Elements that tie for the extremum share its adjoint. */
export function spreadExtremum(p: Pullback, { axes, dy, y }: Reduction): string {
  const { emit } = p;
  const to = int(codeOfDataType(emit.dataType));
  const wins = emit.op('Cast', [emit.op('Equal', [p.x, y])], { to });
  return emit.mul(wins, emit.div(dy, emit.reduceSum(wins, axes, true)));
}

function reduction(spread: (p: Pullback, reduction: Reduction) => string | BroadcastAdjoint): GradientRule {
  return (p) => {
    const axes = reducedAxes(p);
    const shape = p.shape(0).map((dim, axis): Dim => (axes.includes(axis) ? 1 : dim));
    const kept = axes.length === 0 || p.int('keepdims', 1) === 1;
    const keep = (value: string): string => (kept ? value : p.emit.unsqueeze(value, axes));
    return [spread(p, { axes, shape, dy: keep(p.dy), y: keep(p.y) })];
  };
}

function reducedAxes(p: Pullback): readonly number[] {
  const rank = p.shape(0).length;
  const axes = p.ints('axes') ?? p.integers(1) ?? [];
  if (axes.length > 0) return axes.map((axis) => fromFront(axis, rank));
  return p.int('noop_with_empty_axes', 0) === 1 ? [] : Array.from({ length: rank }, (_, axis) => axis);
}

function elementsOf({ emit }: Pullback, value: string): string {
  return emit.op('Cast', [emit.op('Size', [value])], { to: int(codeOfDataType(emit.dataType)) });
}
