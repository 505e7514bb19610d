import type { Dim } from '@unpair/graph';
import { ModelError, float, float32 } from '@unpair/graph';
import { int } from '@unpair/graph';

import type { ChannelsLastBuilder } from './builder.js';
import type { Order, Value } from './value.js';
import { heldAxis } from './value.js';

/** ONNX operators of two values that broadcast against each other. */
export type BinaryOperator = 'Add' | 'Sub' | 'Mul' | 'Div' | 'Pow' | 'Max' | 'Min';

/**
 * Applies an operator to two values, broadcast as TensorFlow does: aligned at their last axes. Images stay in the
 * order in which they are held where the other operand allows it.
 * @throws {ModelError} when the shapes do not broadcast.
 */
export function binary(
  build: ChannelsLastBuilder,
  op: BinaryOperator,
  a: Value,
  b: Value,
  place: string,
): Value {
  const shape = broadcast(a.shape, b.shape, place);
  const order: Order =
    shape.length === 4 &&
    [a, b].some((value) => value.order === 'channels-first') &&
    [a, b].every((value) => isImageLike(build, value))
      ? 'channels-first'
      : 'written';
  return build.node(op, [operand(build, a, order), operand(build, b, order)], { shape, order });
}

/** Rank 4, or a constant that can be written as such. */
function isImageLike(build: ChannelsLastBuilder, value: Value): boolean {
  return value.shape.length === 4 || build.tensor(value) !== undefined;
}

function operand(build: ChannelsLastBuilder, value: Value, order: Order): string {
  const tensor = build.tensor(value);
  if (order === 'written' || value.shape.length === 4 || value.shape.length === 0 || tensor === undefined) {
    return value.shape.length === 0 ? value.name : build.in(order, value);
  }
  const shape = [...Array.from({ length: 4 - tensor.shape.length }, () => 1), ...tensor.shape];
  return build.in(order, build.constant(value.name, float32(shape, tensor.data)));
}

function broadcast(a: readonly Dim[], b: readonly Dim[], place: string): readonly Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [left, right] = [a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1];
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    throw new ModelError(`${place} cannot combine shapes [${a.join(', ')}] and [${b.join(', ')}]`);
  });
}

/** A scalar as an operand. */
export function scalar(build: ChannelsLastBuilder, value: number): Value {
  return build.constant('scalar', float32([], [value]));
}

/** Softmax over an axis of the file. */
export function softmax(build: ChannelsLastBuilder, value: Value, axis = -1): Value {
  const rank = value.shape.length;
  return build.unary('Softmax', value, { axis: int(heldAxis(value, axis < 0 ? axis + rank : axis)) });
}

/** Leaky ReLU: `slope`·x below zero. */
export function leakyRelu(build: ChannelsLastBuilder, value: Value, slope: number): Value {
  return build.unary('LeakyRelu', value, { alpha: float(slope) });
}

/** x above zero, alpha·x below. */
export function prelu(build: ChannelsLastBuilder, value: Value, alpha: Value, place: string): Value {
  const negative = binary(build, 'Min', value, scalar(build, 0), place);
  const parts = [build.unary('Relu', value), binary(build, 'Mul', negative, alpha, place)] as const;
  return binary(build, 'Add', ...parts, place);
}

/** x, limited to [low, high]. */
export function clip(build: ChannelsLastBuilder, value: Value, low: number, high: number): Value {
  const bounds = [low, high].map((bound) => build.weight('bound', float32([], [bound])));
  return build.node('Clip', [value.name, ...bounds], value);
}

type Activation = (build: ChannelsLastBuilder, value: Value) => Value;

const SELU = { alpha: 1.6732632423543772, scale: 1.0507009873554805 };

const times = (build: ChannelsLastBuilder, a: Value, b: Value): Value =>
  binary(build, 'Mul', a, b, 'an activation');
const plus = (build: ChannelsLastBuilder, a: Value, b: number): Value =>
  binary(build, 'Add', a, scalar(build, b), 'an activation');
const scaled = (build: ChannelsLastBuilder, a: Value, b: number): Value => times(build, a, scalar(build, b));

const gelu: Activation = (build, x) => {
  const erf = build.unary('Erf', scaled(build, x, Math.SQRT1_2));
  return scaled(build, times(build, x, plus(build, erf, 1)), 0.5);
};

/** Hendrycks and Gimpel's approximation, arXiv 1606.08415. */
const geluTanh: Activation = (build, x) => {
  const cubic = plus(build, scaled(build, times(build, x, x), 0.044715), 1);
  const tanh = build.unary('Tanh', scaled(build, times(build, x, cubic), Math.sqrt(2 / Math.PI)));
  return scaled(build, times(build, x, plus(build, tanh, 1)), 0.5);
};

const silu: Activation = (build, x) => times(build, x, build.unary('Sigmoid', x));

/** By the names that Keras and TensorFlow.js write. */
export const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  linear: (_, x) => x,
  relu: (build, x) => build.unary('Relu', x),
  relu6: (build, x) => clip(build, x, 0, 6),
  sigmoid: (build, x) => build.unary('Sigmoid', x),
  hard_sigmoid: (build, x) => build.unary('HardSigmoid', x, { alpha: float(0.2), beta: float(0.5) }),
  hard_swish: (build, x) =>
    times(build, x, build.unary('HardSigmoid', x, { alpha: float(1 / 6), beta: float(0.5) })),
  tanh: (build, x) => build.unary('Tanh', x),
  softmax: (build, x) => softmax(build, x),
  elu: (build, x) => build.unary('Elu', x),
  selu: (build, x) => scaled(build, build.unary('Elu', x, { alpha: float(SELU.alpha) }), SELU.scale),
  softplus: (build, x) => build.unary('Softplus', x),
  softsign: (build, x) => binary(build, 'Div', x, plus(build, build.unary('Abs', x), 1), 'an activation'),
  exponential: (build, x) => build.unary('Exp', x),
  swish: silu,
  silu,
  mish: (build, x) => times(build, x, build.unary('Tanh', build.unary('Softplus', x))),
  gelu,
  gelu_new: geluTanh,
};

/** Applies an activation by its name. @throws {ModelError} naming `place` for one that is not known. */
export function activate(build: ChannelsLastBuilder, value: Value, name: string, place: string): Value {
  const activation = Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name] : undefined;
  if (activation !== undefined) return activation(build, value);
  const known = Object.keys(ACTIVATIONS).join(', ');
  throw new ModelError(`${place} has activation "${name}", which is not supported; supported are ${known}`);
}
