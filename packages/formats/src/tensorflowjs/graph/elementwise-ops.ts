import type { BinaryOperator } from '../../channels-last/elementwise.js';
import { ACTIVATIONS, binary, clip, leakyRelu, prelu, softmax } from '../../channels-last/elementwise.js';
import type { Value } from '../../channels-last/value.js';
import type { NodeCall, OpWriter } from './node.js';

const combining =
  (op: BinaryOperator): OpWriter =>
  (call) =>
    binary(call.build, op, call.value(0), call.value(1), call.place);

const unary =
  (op: string): OpWriter =>
  (call) =>
    call.build.unary(op, call.value(0));

const activation =
  (name: string): OpWriter =>
  (call) =>
    ACTIVATIONS[name]?.(call.build, call.value(0)) ?? call.value(0);

const square = ({ build, place }: NodeCall, value: Value): Value => binary(build, 'Mul', value, value, place);

const rsqrt: OpWriter = (call) => call.build.unary('Reciprocal', call.build.unary('Sqrt', call.value(0)));

const addMany: OpWriter = (call) => {
  const [first, ...others] = call.values();
  if (first === undefined) throw call.error('has no inputs');
  return others.reduce((sum, value) => binary(call.build, 'Add', sum, value, call.place), first);
};

const squaredDifference: OpWriter = (call) =>
  square(call, binary(call.build, 'Sub', call.value(0), call.value(1), call.place));

const bound = (call: NodeCall, input: number): number => call.tensor(input).data[0] ?? 0;

/** Operators on each element alone. */
export const elementwiseOps: Readonly<Record<string, OpWriter>> = {
  Add: combining('Add'),
  AddV2: combining('Add'),
  AddN: addMany,
  Sub: combining('Sub'),
  Mul: combining('Mul'),
  Div: combining('Div'),
  RealDiv: combining('Div'),
  Pow: combining('Pow'),
  Maximum: combining('Max'),
  Minimum: combining('Min'),
  SquaredDifference: squaredDifference,
  Relu: activation('relu'),
  Relu6: activation('relu6'),
  Elu: activation('elu'),
  Selu: activation('selu'),
  Sigmoid: activation('sigmoid'),
  Tanh: activation('tanh'),
  Softplus: activation('softplus'),
  Softsign: activation('softsign'),
  Softmax: (call) => softmax(call.build, call.value(0)),
  LeakyRelu: (call) => leakyRelu(call.build, call.value(0), call.number('alpha', 0.2)),
  Prelu: (call) => prelu(call.build, call.value(0), call.value(1), call.place),
  Erf: unary('Erf'),
  Exp: unary('Exp'),
  Log: unary('Log'),
  Neg: unary('Neg'),
  Abs: unary('Abs'),
  Sqrt: unary('Sqrt'),
  Reciprocal: unary('Reciprocal'),
  Inv: unary('Reciprocal'),
  Rsqrt: rsqrt,
  Square: (call) => square(call, call.value(0)),
  ClipByValue: (call) => clip(call.build, call.value(0), bound(call, 1), bound(call, 2)),
};
