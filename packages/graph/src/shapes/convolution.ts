import { intAttribute, intsAttribute } from '../attributes.js';
import type { Dim, ValueType } from '../graph.js';
import { mayEqual, multiplyDims } from './dim.js';
import { sameAsFirst } from './elementwise.js';
import type { NodeContext, ShapeRule, ShapeRules } from './rule.js';
import { dimAt, nodeError, requireInput, requireRank, resolveAxis, showShape } from './rule.js';
import { readWindow, slideWindow, unslideWindow } from './window.js';

/** [N,C,...] ⊛ [M,C/g,...] → [N,M,...]. */
const convolution: ShapeRule = (context) => {
  const { node } = context;
  const { input, filter, group } = readFilter(context);
  const channels = dimAt(input.shape, 1);
  if (!mayEqual(channels, multiplyDims(dimAt(filter.shape, 1), group))) {
    throw nodeError(
      node,
      `has a filter of shape ${showShape(filter.shape)} in ${group} group(s) for an input of shape ${showShape(input.shape)}`,
    );
  }
  const spatial = slideWindow(node, readWindow(node, kernelOf(context, filter)), input.shape.slice(2));
  return [{ dataType: input.dataType, shape: [dimAt(input.shape, 0), dimAt(filter.shape, 0), ...spatial] }];
};

/** [N,C,...] with filter [C,M/g,...] → [N,M,...]. */
const transposedConvolution: ShapeRule = (context) => {
  const { node } = context;
  const { input, filter, group } = readFilter(context);
  if (!mayEqual(dimAt(input.shape, 1), dimAt(filter.shape, 0))) {
    throw nodeError(
      node,
      `has a filter of shape ${showShape(filter.shape)} for an input of shape ${showShape(input.shape)}`,
    );
  }
  const window = readWindow(node, kernelOf(context, filter));
  const spatial = unslideWindow(node, window, input.shape.slice(2), multiplyDims);
  const channels = multiplyDims(dimAt(filter.shape, 1), group);
  return [{ dataType: input.dataType, shape: [dimAt(input.shape, 0), channels, ...spatial] }];
};

function readFilter(context: NodeContext): { input: ValueType; filter: ValueType; group: number } {
  const [input, filter] = [requireInput(context, 0), requireInput(context, 1)];
  requireRank(context.node, input.shape, 3);
  if (filter.shape.length !== input.shape.length) {
    throw nodeError(
      context.node,
      `has a filter of shape ${showShape(filter.shape)} for an input of shape ${showShape(input.shape)}`,
    );
  }
  return { input, filter, group: intAttribute(context.node, 'group', 1) };
}

function kernelOf({ node }: NodeContext, filter: ValueType): readonly number[] {
  const kernel = filter.shape.slice(2);
  if (kernel.every((size) => typeof size === 'number')) return kernel;
  const declared = intsAttribute(node, 'kernel_shape');
  if (declared === undefined)
    throw nodeError(node, `has a filter of unknown size ${showShape(filter.shape)}`);
  return declared;
}

const pool: ShapeRule = (context) => {
  const { node } = context;
  const input = requireInput(context, 0);
  requireRank(node, input.shape, 3);
  const kernel = intsAttribute(node, 'kernel_shape') ?? [];
  const ceil = intAttribute(node, 'ceil_mode', 0) === 1;
  const spatial = slideWindow(node, readWindow(node, kernel), input.shape.slice(2), ceil);
  const shape = [...input.shape.slice(0, 2), ...spatial];
  return [
    { dataType: input.dataType, shape },
    { dataType: 'int64', shape },
  ];
};

const globalPool: ShapeRule = (context) => {
  const { dataType, shape } = requireInput(context, 0);
  requireRank(context.node, shape, 3);
  return [{ dataType, shape: shape.map((dim, axis): Dim => (axis < 2 ? dim : 1)) }];
};

/** Training mode also yields the new running mean and variance, which are like the old ones. */
const batchNormalization: ShapeRule = (context) => {
  const [input, scale] = [requireInput(context, 0), requireInput(context, 1)];
  requireRank(context.node, input.shape, 2);
  if (!mayEqual(dimAt(input.shape, 1), scale.shape[0] ?? 1)) {
    throw nodeError(
      context.node,
      `has a scale of shape ${showShape(scale.shape)} for an input of shape ${showShape(input.shape)}`,
    );
  }
  return [input, requireInput(context, 3), requireInput(context, 4)];
};

/** The statistics are further outputs: one element for all axes from `axis` on. */
const layerNormalization: ShapeRule = (context) => {
  const input = requireInput(context, 0);
  const axis = resolveAxis(context.node, intAttribute(context.node, 'axis', -1), input.shape.length);
  const statistic: ValueType = {
    dataType: 'float32',
    shape: input.shape.map((dim, i) => (i < axis ? dim : 1)),
  };
  return [input, statistic, statistic];
};

/** Convolution, pooling and normalisation over [N,C,...]. */
export const convolutionRules: ShapeRules = {
  Conv: convolution,
  ConvTranspose: transposedConvolution,
  MaxPool: pool,
  AveragePool: pool,
  LpPool: pool,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  BatchNormalization: batchNormalization,
  GlobalLpPool: globalPool,
  InstanceNormalization: sameAsFirst,
  GroupNormalization: sameAsFirst,
  LayerNormalization: layerNormalization,
  RMSNormalization: sameAsFirst,
  MeanVarianceNormalization: sameAsFirst,
  LpNormalization: sameAsFirst,
  LRN: sameAsFirst,
};
