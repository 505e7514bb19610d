import { floatAttribute, intAttribute, sizeOf } from '@unpair/graph';
import type { Device, DeviceTensor } from '../device.js';
import { transpose } from '../movement.js';
import type { Inputs, Rule, RuleContext, Rules } from '../rule.js';
import { axisOf, required, result } from '../rule.js';
import { Value, axisInLayout } from '../value.js';
import { scalar } from './operands.js';

/**
 * (x − mean)/√(variance + ε)·scale + bias over channels. In training mode the statistics are those of the batch, and
 * the new running ones are further outputs.
 */
const batchNormalization: Rule = (context) => {
  const epsilon = floatAttribute(context.node, 'epsilon', 1e-5);
  const isTraining = intAttribute(context.node, 'training_mode', 0) === 1;
  return (inputs) => {
    const [x, scale, bias] = [0, 1, 2].map((i) => required(inputs, i));
    if (x === undefined || scale === undefined || bias === undefined) throw new TypeError('lacks an input');
    const { device } = context;
    const running: Statistics = {
      mean: required(inputs, 3).tensor(),
      variance: required(inputs, 4).tensor(),
    };
    const used = isTraining ? batchStatistics(device, x) : running;
    const shifted = device.run('Add', { a: used.variance, b: scalar(device, epsilon) });
    const factor = device.run('RealDiv', { a: scale.tensor(), b: device.run('Sqrt', { x: shifted }) });
    const offset = device.run('Sub', {
      a: bias.tensor(),
      b: device.run('Multiply', { a: used.mean, b: factor }),
    });
    const y = affine(context, x, factor, offset);
    return isTraining ? [...y, ...newStatistics(context, inputs, running, used)] : y;
  };
};

interface Statistics {
  readonly mean: DeviceTensor;
  readonly variance: DeviceTensor;
}

function affine(
  context: RuleContext,
  x: Value,
  factor: DeviceTensor,
  offset: DeviceTensor,
): readonly Value[] {
  const { device } = context;
  const ones = x.shape.slice(2).map(() => 1);
  const perChannel = (vector: DeviceTensor): DeviceTensor =>
    x.layout === 'channels-last' ? vector : device.reshape(vector, [...vector.shape, ...ones]);
  const scaled = device.run('Multiply', { a: x.tensor(x.layout), b: perChannel(factor) });
  return result(context, x.dataType, device.run('Add', { a: scaled, b: perChannel(offset) }), x.layout);
}

function batchStatistics(device: Device, x: Value): Statistics {
  const rank = x.shape.length;
  const axes = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axisInLayout(x.layout, axis, rank)])).sort();
  const count = scalar(device, sizeOf(x.shape) / (x.shape[1] ?? 1));
  const meanOf = (tensor: DeviceTensor, keepDims: boolean): DeviceTensor =>
    device.run('RealDiv', { a: device.run('Sum', { x: tensor }, { axis: axes, keepDims }), b: count });
  const tensor = x.tensor(x.layout);
  const centred = device.run('Sub', { a: tensor, b: meanOf(tensor, true) });
  const squares = device.run('Multiply', { a: centred, b: centred });
  return { mean: meanOf(tensor, false), variance: meanOf(squares, false) };
}

function newStatistics(
  { device, node }: RuleContext,
  inputs: Inputs,
  running: Statistics,
  batch: Statistics,
): readonly Value[] {
  const momentum = floatAttribute(node, 'momentum', 0.9);
  const blend = (before: DeviceTensor, now: DeviceTensor): DeviceTensor =>
    device.run('Add', {
      a: device.run('Multiply', { a: before, b: scalar(device, momentum) }),
      b: device.run('Multiply', { a: now, b: scalar(device, 1 - momentum) }),
    });
  const { dataType } = required(inputs, 3);
  return [
    Value.onDevice(device, dataType, blend(running.mean, batch.mean)),
    Value.onDevice(device, dataType, blend(running.variance, batch.variance)),
  ];
}

/** Softmax and its like along one axis. */
const alongAxis =
  (compute: (device: Device, rows: DeviceTensor) => DeviceTensor): Rule =>
  (context) => {
    const { device, node } = context;
    return (inputs) => {
      const x = required(inputs, 0);
      const rank = x.shape.length;
      const axis = axisOf(intAttribute(node, 'axis', -1), rank);
      // Where it is the last one already, nothing moves.
      const order = [...x.shape.keys()].filter((i) => i !== axis).concat(axis);
      const moved = transpose(device, x.tensor(), order);
      const rows = device.reshape(moved, [sizeOf(moved.shape.slice(0, -1)), x.shape[axis] ?? 1]);
      const y = device.reshape(compute(device, rows), moved.shape);
      const back = order.map((_, i) => order.indexOf(i));
      return result(context, x.dataType, transpose(device, y, back));
    };
  };

function centred(device: Device, rows: DeviceTensor): DeviceTensor {
  const most = device.run('Max', { x: rows }, { reductionIndices: [1], keepDims: true });
  return device.run('Sub', { a: rows, b: most });
}

function sumOfRows(device: Device, rows: DeviceTensor): DeviceTensor {
  return device.run('Sum', { x: rows }, { axis: [1], keepDims: true });
}

const softmax = alongAxis((device, rows) => {
  const exponentials = device.run('Exp', { x: centred(device, rows) });
  return device.run('RealDiv', { a: exponentials, b: sumOfRows(device, exponentials) });
});

const logSoftmax = alongAxis((device, rows) => {
  const shifted = centred(device, rows);
  const total = sumOfRows(device, device.run('Exp', { x: shifted }));
  return device.run('Sub', { a: shifted, b: device.run('Log', { x: total }) });
});

/** Normalizations by statistics, and over classes. */
export const normalizationRules: Rules = {
  BatchNormalization: batchNormalization,
  Softmax: softmax,
  LogSoftmax: logSoftmax,
};
