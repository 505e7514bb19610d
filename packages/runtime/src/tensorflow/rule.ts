import type { DataType, Node } from '@unpair/graph';
import { inferNode } from '@unpair/graph';
import type { Device, DeviceTensor } from './device.js';
import type { Layout } from './value.js';
import { Value } from './value.js';

/** A node that is being compiled. */
export interface RuleContext {
  readonly device: Device;
  readonly node: Node;
  readonly opset: number;
}

/** What a node's inputs are when it runs; `undefined` where an optional one is absent. */
export type Inputs = readonly (Value | undefined)[];

/** Computes a node's outputs, as new values, from its inputs. Its other tensors are disposed of for it. */
export type Operation = (inputs: Inputs) => readonly Value[];

/** Compiles a node: reads attributes once, decides which kernels to run. */
export type Rule = (context: RuleContext) => Operation;

/** Rules by ONNX operator. */
export type Rules = Readonly<Record<string, Rule>>;

/** An input that the operator cannot do without. */
export function required(inputs: Inputs, index: number): Value {
  const value = inputs[index];
  if (value === undefined) throw new TypeError(`lacks its input ${index}`);
  return value;
}

/** Longest integer input whose elements shapes are inferred from: sizes, axes and bounds are short. */
const LONGEST = 256;

/** Shapes of a node's outputs, from those of its inputs and from what these say of sizes, axes and bounds. */
export function outputShapes({ node, opset }: RuleContext, inputs: Inputs): readonly (readonly number[])[] {
  const types = inferNode({
    node,
    opset,
    inputs: inputs.map((value) => value && { dataType: value.dataType, shape: value.shape }),
    contents: inputs.map((value, index) => (index > 0 || isShape(node) ? contentsOf(value) : undefined)),
  });
  return types.map(({ shape }) => shape.map(Number));
}

/** Operators whose first input is a shape. */
function isShape({ op }: Node): boolean {
  return op === 'ConstantOfShape' || op === 'Range';
}

function contentsOf(value: Value | undefined): readonly number[] | undefined {
  if (value === undefined || !['int64', 'int32'].includes(value.dataType)) return undefined;
  return value.shape.length <= 1 && (value.shape[0] ?? 1) <= LONGEST ? value.numbers() : undefined;
}

/** Wraps what a kernel made. */
export function result(
  { device }: RuleContext,
  dataType: DataType,
  tensor: DeviceTensor,
  layout: Layout = 'plain',
): readonly Value[] {
  return [Value.onDevice(device, dataType, tensor, layout)];
}

/** An axis counted from the front. */
export function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}
