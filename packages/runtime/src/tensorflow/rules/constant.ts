import type { Tensor } from '@unpair/graph';
import { BYTES_PER_ELEMENT, arrayOver, constantTensor, float32, intAttribute, sizeOf } from '@unpair/graph';
import type { DeviceTensor } from '../device.js';
import type { Inputs, Rule, RuleContext, Rules } from '../rule.js';
import { axisOf, outputShapes, required, result } from '../rule.js';
import { Value } from '../value.js';
import { clip } from './elementwise.js';
import { INTEGER_RANGES, castTensor, operandsOf } from './operands.js';

/** One value everywhere: written on the host, so that shapes made of it need no trip to the device. */
const constantOfShape: Rule = (context) => (inputs) => {
  const [shape = []] = outputShapes(context, inputs);
  const { value } = context.node.attributes;
  const element = value?.kind === 'tensor' ? value.value : float32([1], [0]);
  return [Value.onHost(context.device, filled(element, shape))];
};

function filled({ dataType, data }: Tensor, shape: readonly number[]): Tensor {
  const array = arrayOver(dataType, new ArrayBuffer(sizeOf(shape) * BYTES_PER_ELEMENT[dataType]));
  if (array instanceof BigInt64Array) array.fill(BigInt(data[0] ?? 0));
  else array.fill(Number(data[0] ?? 0));
  return { dataType, shape, data: array } as Tensor;
}

const range: Rule =
  ({ device }) =>
  (inputs) => {
    const [start = 0, limit = 0, delta = 1] = [0, 1, 2].map((i) => required(inputs, i).numbers()[0]);
    const { dataType } = required(inputs, 0);
    const count = Math.max(0, Math.ceil((limit - start) / delta));
    const values = Array.from({ length: count }, (_, i) => start + i * delta);
    const array = arrayOver(dataType, new ArrayBuffer(count * BYTES_PER_ELEMENT[dataType]));
    if (array instanceof BigInt64Array) array.set(values.map(BigInt));
    else array.set(values);
    return [Value.onHost(device, { dataType, shape: [count], data: array } as Tensor)];
  };

/** Scale and zero point beside the values they belong to: one for all, or one for each index of an axis. */
function parameters({ node }: RuleContext, inputs: Inputs): readonly Value[] {
  const x = required(inputs, 0);
  const axis = axisOf(intAttribute(node, 'axis', 1), x.shape.length);
  const behind = x.shape.slice(axis + 1).map(() => 1);
  return [1, 2].flatMap((i) => {
    const parameter = inputs[i];
    if (parameter === undefined) return [];
    if (parameter.shape.length > 1) throw new RangeError('has blocks of scales, which are not supported');
    const isOne = sizeOf(parameter.shape) === 1;
    return [parameter.reshaped(isOne ? [] : [...parameter.shape, ...behind])];
  });
}

/** round(x / scale) + zero point, halves to even, saturated to the range of the result. */
const quantize: Rule = (context) => (inputs) => {
  const { device, node } = context;
  const values = [required(inputs, 0), ...parameters(context, inputs)];
  const { layout, tensors } = operandsOf(values);
  const [x, scale, zero] = tensors;
  const dataType = inputs[2]?.dataType ?? 'uint8';
  const [low, high] = INTEGER_RANGES[dataType] ?? [];
  if (x === undefined || scale === undefined || low === undefined || high === undefined) {
    throw new RangeError(`quantizes to ${dataType}, which is not supported`);
  }
  if (intAttribute(node, 'saturate', 1) !== 1)
    throw new RangeError('does not saturate, which is not supported');
  const rounded = device.run('Round', { x: device.run('RealDiv', { a: x, b: scale }) });
  const shifted = zero && device.run('Add', { a: rounded, b: castTensor(device, zero, 'float32') });
  const y = castTensor(device, clip(device, shifted ?? rounded, low, high), 'int32');
  for (const value of values.slice(1)) value.dispose();
  return result(context, dataType, y, layout);
};

/** (q − zero point)·scale. The difference is exact. */
const dequantize: Rule = (context) => (inputs) => {
  const { device } = context;
  const values = [required(inputs, 0), ...parameters(context, inputs)];
  const { layout, tensors } = operandsOf(values);
  const [q, scale, zero] = tensors;
  const difference: DeviceTensor | undefined = zero ? device.run('Sub', { a: q, b: zero }) : q;
  if (difference === undefined) throw new TypeError('lacks its input');
  const y = device.run('Multiply', { a: castTensor(device, difference, 'float32'), b: scale });
  for (const value of values.slice(1)) value.dispose();
  return result(context, required(inputs, 1).dataType, y, layout);
};

const constant: Rule = ({ device, node }) => {
  const tensor = constantTensor(node);
  return () => [Value.onHost(device, tensor)];
};

/** Constants, ranges, and quantization. */
export const constantRules: Rules = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Range: range,
  QuantizeLinear: quantize,
  DequantizeLinear: dequantize,
};
