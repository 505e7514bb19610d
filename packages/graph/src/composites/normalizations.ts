import { int, ints } from '../graph.js';
import type { NodeView } from '../autodiff/node-view.js';
import { fromFront } from '../autodiff/rule.js';
import type { Decompositions } from './composite.js';

/** Normalizations by statistics of the sample itself. */
export const normalizationDecompositions: Decompositions = {
  LayerNormalization: layer,
  RMSNormalization: (c) => [rootMeanSquare(c)],
  InstanceNormalization: (c) => [instance(c)],
  GroupNormalization: (c) => [group(c)],
  MeanVarianceNormalization: (c) => {
    const { emit } = c;
    const { centred, variance } = moments(c, c.x, c.ints('axes') ?? [0, 2, 3]);
    return [emit.div(centred, emit.add(emit.op('Sqrt', [variance]), emit.scalar(1e-9)))];
  },
  LpNormalization: (c) => [lp(c)],
  LRN: (c) => [localResponse(c)],
};

interface Moments {
  readonly mean: string;
  readonly centred: string;
  readonly variance: string;
}

function moments({ emit }: NodeView, value: string, axes: readonly number[]): Moments {
  const mean = emit.reduceMean(value, axes, true);
  const centred = emit.sub(value, mean);
  return { mean, centred, variance: emit.reduceMean(emit.mul(centred, centred), axes, true) };
}

/** 1/√(variance + ε). */
function inverseDeviation(c: NodeView, variance: string): string {
  const shifted = c.emit.add(variance, c.emit.scalar(c.float('epsilon', 1e-5)));
  return c.emit.op('Reciprocal', [c.emit.op('Sqrt', [shifted])]);
}

/** All axes from the attribute on. */
function trailingAxes(c: NodeView): readonly number[] {
  const rank = c.shape(0).length;
  const first = fromFront(c.int('axis', -1), rank);
  return Array.from({ length: rank - first }, (_, i) => first + i);
}

/** Ba et al., 1607.06450. The statistics are its further outputs. */
function layer(c: NodeView): readonly string[] {
  const { emit } = c;
  const { mean, centred, variance } = moments(c, c.x, trailingAxes(c));
  const inverse = inverseDeviation(c, variance);
  const scaled = emit.mul(emit.mul(centred, inverse), c.input(1));
  const bias = c.optional(2);
  return [bias === undefined ? scaled : emit.add(scaled, bias), mean, inverse];
}

function rootMeanSquare(c: NodeView): string {
  const square = c.emit.reduceMean(c.emit.mul(c.x, c.x), trailingAxes(c), true);
  return c.emit.mul(c.emit.mul(c.x, inverseDeviation(c, square)), c.input(1));
}

/** Over the spatial axes of [N,C,...]. */
function instance(c: NodeView): string {
  const { emit } = c;
  const spatial = c.shape(0).slice(2);
  const { centred, variance } = moments(
    c,
    c.x,
    spatial.map((_, axis) => axis + 2),
  );
  return affine(c, emit.mul(centred, inverseDeviation(c, variance)), spatial.length);
}

/** Over groups of channels of [N,C,...]; until operator set 21 a group has one scale and bias, then a channel has. */
function group(c: NodeView): string {
  const { emit } = c;
  const grouped = emit.reshape(c.x, [0, c.int('num_groups', 1), -1]);
  const { centred, variance } = moments(c, grouped, [2]);
  const normal = emit.mul(centred, inverseDeviation(c, variance));
  return emit.opset < 21
    ? emit.reshapeLike(affine(c, normal, 1), c.x)
    : affine(c, emit.reshapeLike(normal, c.x), c.shape(0).length - 2);
}

/** `value`·scale + bias, one of each for axis 1. */
function affine(c: NodeView, value: string, spatialRank: number): string {
  const [scale, bias] = [1, 2].map((index) =>
    c.emit.reshape(c.input(index), [-1, ...Array.from({ length: spatialRank }, () => 1)]),
  );
  return c.emit.add(c.emit.mul(value, scale ?? ''), bias ?? '');
}

/** The norm of a vector of zeros is taken for a tiny one, so that the result is zero. */
function lp(c: NodeView): string {
  const { emit } = c;
  const attributes = { axes: ints([c.int('axis', -1)]), keepdims: int(1) };
  const op = c.int('p', 2) === 1 ? 'ReduceL1' : 'ReduceL2';
  const norm =
    emit.opset < 18
      ? emit.op(op, [c.x], attributes)
      : emit.op(op, [c.x, emit.vector([c.int('axis', -1)])], { keepdims: int(1) });
  return emit.div(c.x, emit.op('Max', [norm, emit.scalar(1e-38)]));
}

/**
 * x/(bias + α·mean of squares over neighbouring channels)^β (Krizhevsky et al., 2012): the mean is a pool over the
 * channels, which takes them for a spatial axis.
 */
function localResponse(c: NodeView): string {
  const { emit } = c;
  const size = c.int('size', 1);
  const [channels = 1] = c.sizes(c.shape(0).slice(1, 2));
  const plane = emit.reshape(emit.mul(c.x, c.x), [0, 1, channels, -1]);
  const before = Math.floor((size - 1) / 2);
  const mean = emit.op('AveragePool', [plane], {
    kernel_shape: ints([size, 1]),
    pads: ints([before, 0, size - 1 - before, 0]),
    count_include_pad: int(1),
  });
  const scaled = emit.add(
    emit.scale(emit.reshapeLike(mean, c.x), c.float('alpha', 1e-4)),
    emit.scalar(c.float('bias', 1)),
  );
  return emit.mul(c.x, emit.op('Pow', [scaled, emit.scalar(-c.float('beta', 0.75))]));
}
