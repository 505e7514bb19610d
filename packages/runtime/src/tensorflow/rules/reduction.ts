import { intAttribute, intsAttribute, sizeOf } from '@unpair/graph';
import type { Device, DeviceTensor } from '../device.js';
import { transpose } from '../movement.js';
import type { Inputs, Rule, RuleContext, Rules } from '../rule.js';
import { axisOf, required, result } from '../rule.js';
import type { Layout, Value } from '../value.js';
import { axisInLayout } from '../value.js';
import { castTensor } from './operands.js';

type Reduce = (device: Device, x: DeviceTensor, axes: readonly number[]) => DeviceTensor;

/** A kernel that reduces axes and keeps them at size 1. */
const kernel =
  (name: string): Reduce =>
  (device, x, axes) =>
    device.run(name, { x }, { [name === 'Max' ? 'reductionIndices' : 'axis']: [...axes], keepDims: true });

const sum = kernel('Sum');

const sumOfSquares: Reduce = (device, x, axes) => sum(device, device.run('Multiply', { a: x, b: x }), axes);

/** Axes from the attribute (older opsets) or the second input (newer ones); none means all, or nothing to do. */
function axesOf({ node }: RuleContext, inputs: Inputs, rank: number): readonly number[] {
  const axes = intsAttribute(node, 'axes') ?? inputs[1]?.numbers() ?? [];
  if (axes.length > 0) return axes.map((axis) => axisOf(axis, rank));
  return intAttribute(node, 'noop_with_empty_axes', 0) === 1 ? [] : Array.from({ length: rank }, (_, i) => i);
}

/** Without its reduced axes a value is in plain order only if the channels did not come last for another reason. */
function layoutFor(x: Value, axes: ReadonlySet<number>, keeps: boolean): Layout {
  const rank = x.shape.length;
  if (x.layout === 'plain' || keeps) return x.layout;
  const spatial = Array.from({ length: rank - 2 }, (_, i) => i + 2);
  return axes.has(1) || spatial.every((axis) => axes.has(axis)) ? 'channels-last' : 'plain';
}

const reduction =
  (reduce: Reduce): Rule =>
  (context) => {
    const keeps = intAttribute(context.node, 'keepdims', 1) === 1;
    return (inputs) => {
      const { device } = context;
      const x = required(inputs, 0);
      const rank = x.shape.length;
      const axes = axesOf(context, inputs, rank);
      const layout = layoutFor(x, new Set(axes), keeps);
      const tensor = x.tensor(layout);
      const physical = axes.map((axis) => axisInLayout(layout, axis, rank)).sort((a, b) => a - b);
      const reduced = reduce(device, tensor, physical);
      const y = device.run('Identity', { x: castTensor(device, reduced, tensor.dtype as 'float32') });
      if (keeps) return result(context, x.dataType, y, layout);
      const shape = x.shape.filter((_, axis) => !axes.includes(axis));
      return result(context, x.dataType, device.reshape(y, shape));
    };
  };

/** The mean of integers is rounded towards zero, as onnxruntime does. */
const mean: Reduce = (device, x, axes) => {
  if (axes.length === 0) return x;
  const count = sizeOf(axes.map((axis) => x.shape[axis] ?? 1));
  const total = sum(device, x, axes);
  const float = castTensor(device, total, 'float32');
  return device.run('RealDiv', { a: float, b: device.upload(Float32Array.of(count), [], 'float32') });
};

const globalPool =
  (reduce: Reduce): Rule =>
  (context) =>
  (inputs) => {
    const { device } = context;
    const x = required(inputs, 0);
    const rank = x.shape.length;
    const spatial = Array.from({ length: rank - 2 }, (_, i) => axisInLayout(x.layout, i + 2, rank));
    return result(context, x.dataType, reduce(device, x.tensor(x.layout), spatial), x.layout);
  };

/** The index of the extreme element along an axis; of several the first, or the last on demand. */
const argument =
  (name: string): Rule =>
  (context) => {
    const { device, node } = context;
    const isLast = intAttribute(node, 'select_last_index', 0) === 1;
    return (inputs) => {
      const x = required(inputs, 0);
      const rank = x.shape.length;
      const axis = axisOf(intAttribute(node, 'axis', 0), rank);
      const tensor = castTensor(device, x.tensor(), 'float32');
      const ordered = isLast ? device.run('Reverse', { x: tensor }, { dims: [axis] }) : tensor;
      const others = Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis);
      const inner = transpose(device, ordered, [...others, axis]);
      const first = device.run(name, { x: inner }, { axis: rank - 1 });
      const last = device.upload(Int32Array.of((x.shape[axis] ?? 1) - 1), [], 'int32');
      const index = isLast ? device.run('Sub', { a: last, b: first }) : first;
      const keeps = intAttribute(node, 'keepdims', 1) === 1;
      const shape = keeps ? x.shape.with(axis, 1) : x.shape.toSpliced(axis, 1);
      return result(context, 'int64', device.reshape(index, shape));
    };
  };

/** Operators that gather many elements into one. */
export const reductionRules: Rules = {
  ReduceSum: reduction(sum),
  ReduceMean: reduction(mean),
  ReduceMax: reduction(kernel('Max')),
  ReduceMin: reduction(kernel('Min')),
  ReduceProd: reduction(kernel('Prod')),
  ReduceL1: reduction((device, x, axes) => sum(device, device.run('Abs', { x }), axes)),
  ReduceL2: reduction((device, x, axes) => device.run('Sqrt', { x: sumOfSquares(device, x, axes) })),
  ReduceSumSquare: reduction(sumOfSquares),
  GlobalAveragePool: globalPool(mean),
  GlobalMaxPool: globalPool(kernel('Max')),
  ArgMax: argument('ArgMax'),
  ArgMin: argument('ArgMin'),
};
