import { intAttribute } from '../attributes.js';
import { dataTypeOfCode } from '../data-types.js';
import type { DataType, Tensor } from '../tensor.js';
import { float32, int64 } from '../tensor.js';
import type { Node } from '../graph.js';
import type { ShapeRule, ShapeRules } from './rule.js';
import { nodeError, requireInput, requireNumbers, unknownSizes } from './rule.js';

/** The tensor that a Constant node holds, in any of its spellings. @throws {ModelError} when it holds none. */
export function constantTensor(node: Node): Tensor {
  const { value, value_int, value_ints, value_float, value_floats } = node.attributes;
  if (value?.kind === 'tensor') return value.value;
  if (value_int?.kind === 'int') return int64([], [value_int.value]);
  if (value_ints?.kind === 'ints') return int64([value_ints.value.length], value_ints.value);
  if (value_float?.kind === 'float') return float32([], [value_float.value]);
  if (value_floats?.kind === 'floats') return float32([value_floats.value.length], value_floats.value);
  throw nodeError(node, 'holds no tensor of a supported kind');
}

const constant: ShapeRule = ({ node }) => {
  const { dataType, shape } = constantTensor(node);
  return [{ dataType, shape }];
};

const constantOfShape: ShapeRule = (context) => {
  const { node, contents } = context;
  const value = node.attributes['value'];
  const dataType: DataType = value?.kind === 'tensor' ? value.value.dataType : 'float32';
  const length = requireInput(context, 0).shape[0];
  if (typeof length !== 'number') throw nodeError(node, 'takes its shape from a value of unknown length');
  return [{ dataType, shape: contents[0] ?? unknownSizes(node, length) }];
};

const shapeOf: ShapeRule = (context) => {
  const { node } = context;
  const rank = requireInput(context, 0).shape.length;
  const [start, end] = shapeRange(node, rank);
  return [{ dataType: 'int64', shape: [Math.max(0, end - start)] }];
};

/** The dimensions that a Shape node reads (opset 15 may cut at both ends). */
export function shapeRange(node: Node, rank: number): readonly [number, number] {
  const clamp = (at: number): number => Math.min(Math.max(at < 0 ? at + rank : at, 0), rank);
  return [clamp(intAttribute(node, 'start', 0)), clamp(intAttribute(node, 'end', rank))];
}

const size: ShapeRule = () => [{ dataType: 'int64', shape: [] }];

const range: ShapeRule = (context) => {
  const { dataType } = requireInput(context, 0);
  const [start, limit, delta] = [0, 1, 2].map((i) => requireNumbers(context, i, 'bounds')[0] ?? 0);
  if (start === undefined || limit === undefined || delta === undefined || delta === 0) {
    throw nodeError(context.node, 'has no step');
  }
  return [{ dataType, shape: [Math.max(0, Math.ceil((limit - start) / delta))] }];
};

const quantize: ShapeRule = (context) => {
  const { node, inputs } = context;
  refuseBlocks(node);
  const declared = intAttribute(node, 'output_dtype', 0);
  const dataType =
    inputs[2]?.dataType ??
    (declared === 0
      ? 'uint8'
      : dataTypeOfCode(declared, `the result of node "${node.name}" (QuantizeLinear)`));
  return [{ dataType, shape: requireInput(context, 0).shape }];
};

const dequantize: ShapeRule = (context) => {
  refuseBlocks(context.node);
  return [{ dataType: requireInput(context, 1).dataType, shape: requireInput(context, 0).shape }];
};

function refuseBlocks(node: Node): void {
  if (intAttribute(node, 'block_size', 0) !== 0) {
    throw nodeError(node, 'has a scale for each block of elements, which is not supported');
  }
}

/** To uint8, with the scale and zero point that fit the tensor's range. */
const dynamicQuantize: ShapeRule = (context) => [
  { dataType: 'uint8', shape: requireInput(context, 0).shape },
  { dataType: 'float32', shape: [] },
  { dataType: 'uint8', shape: [] },
];

/** Constants, sizes as values, and quantization. */
export const constantRules: ShapeRules = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Shape: shapeOf,
  Size: size,
  Range: range,
  QuantizeLinear: quantize,
  DequantizeLinear: dequantize,
  DynamicQuantizeLinear: dynamicQuantize,
};
