import { int } from '../graph.js';
import type { NodeView } from '../autodiff/node-view.js';
import type { Decompositions } from './composite.js';

/** Pools by a norm, and reductions by a logarithm. */
export const poolDecompositions: Decompositions = {
  LpPool: (c) => [lpPool(c)],
  GlobalLpPool: (c) => {
    const axes = c.shape(0).flatMap((_, axis) => (axis < 2 ? [] : [axis]));
    return [root(c, c.emit.reduceSum(power(c), axes, true))];
  },
  ReduceLogSum: (c) => [c.emit.op('Log', [sum(c, c.x)])],
  ReduceLogSumExp: (c) => [logSumExp(c)],
};

/** |x|^p. */
function power(c: NodeView): string {
  const p = c.int('p', 2);
  if (p === 2) return c.emit.mul(c.x, c.x);
  const size = c.emit.op('Abs', [c.x]);
  return p === 1 ? size : c.emit.op('Pow', [size, c.emit.scalar(p)]);
}

function root(c: NodeView, value: string): string {
  const p = c.int('p', 2);
  if (p === 1) return value;
  return p === 2 ? c.emit.op('Sqrt', [value]) : c.emit.op('Pow', [value, c.emit.scalar(1 / p)]);
}

/** A sum over windows is their mean, padding counted, times their size. */
function lpPool(c: NodeView): string {
  if (c.int('ceil_mode', 0) === 1) throw c.refuse('it rounds its number of windows up');
  const window = Object.fromEntries(Object.entries(c.node.attributes).filter(([name]) => name !== 'p'));
  const mean = c.emit.op('AveragePool', [power(c)], { ...window, count_include_pad: int(1) });
  const size = (c.ints('kernel_shape') ?? []).reduce((product, dim) => product * dim, 1);
  return root(c, c.emit.scale(mean, size));
}

/** Axes are an attribute until operator set 18, then an input; none means all, or nothing to do. */
function reducedAxes(c: NodeView): readonly number[] {
  const axes = c.ints('axes') ?? c.integers(1) ?? [];
  if (axes.length > 0) return axes;
  return c.int('noop_with_empty_axes', 0) === 1 ? [] : c.shape(0).map((_, axis) => axis);
}

function sum(c: NodeView, value: string): string {
  return c.emit.reduceSum(value, reducedAxes(c), c.int('keepdims', 1) === 1);
}

/** log Σ exp(x − m) + m, with the largest element m so that nothing overflows. */
function logSumExp(c: NodeView): string {
  const { emit } = c;
  const axes = reducedAxes(c);
  if (axes.length === 0) return emit.op('Identity', [c.x]);
  const largest = emit.reduceMax(c.x, axes, true);
  const total = emit.reduceSum(emit.op('Exp', [emit.sub(c.x, largest)]), axes, true);
  const result = emit.add(emit.op('Log', [total]), largest);
  // The axes have size 1 by now: a sum over them only drops them.
  return c.int('keepdims', 1) === 1 ? result : emit.reduceSum(result, axes, false);
}
