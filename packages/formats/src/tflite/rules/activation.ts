import { float, int } from '@unpair/graph';

import type { Operation, Rule, Rules } from '../operation.js';

/** `ActivationFunctionType` of the schema: what operators may apply to their result. */
const FUSED: readonly ((o: Operation, x: string, one: number) => string)[] = [
  (_, x) => x,
  (o, x) => o.emit('Relu', [x]),
  (o, x, one) => clip(o, x, -one, one),
  (o, x, one) => clip(o, x, 0, 6 * one),
  (o, x, one) => {
    if (one !== 1) throw o.refuse('has a fused tanh of integers, which is not supported');
    return o.emit('Tanh', [x]);
  },
];

/**
 * Applies the activation that an operator's options name in `field`.
 * @param one the number 1 in the units of `value`
 */
export function activate(o: Operation, field: number, value: string, one = 1): string {
  const activation = FUSED[o.choice(field)];
  if (activation === undefined)
    throw o.refuse(`has fused activation ${o.choice(field)}, which is not supported`);
  return activation(o, value, one);
}

function clip(o: Operation, x: string, low: number, high: number): string {
  return o.emit('Clip', [x, o.scalar(low), o.scalar(high)]);
}

const unary =
  (op: string): Rule =>
  (o) =>
    o.emit(op, [o.input(0)]);

/** Activations, and functions of one value that networks use like them. */
export const activationRules: Rules = {
  RELU: unary('Relu'),
  RELU6: (o) => clip(o, o.input(0), 0, 6),
  RELU_N1_TO_1: (o) => clip(o, o.input(0), -1, 1),
  LEAKY_RELU: (o) => o.emit('LeakyRelu', [o.input(0)], { alpha: float(o.float(0)) }),
  PRELU: (o) => o.emit('PRelu', [o.input(0), o.input(1)]),
  ELU: unary('Elu'),
  LOGISTIC: unary('Sigmoid'),
  TANH: unary('Tanh'),
  HARD_SWISH: unary('HardSwish'),
  GELU: (o) => (o.flag(0) ? tanhGelu(o) : erfGelu(o)),
  SOFTMAX: softmax,
  LOG_SOFTMAX: (o) => o.emit('LogSoftmax', [o.input(0)], { axis: int(-1) }),
  L2_NORMALIZATION: l2Normalization,
};

/** Over the last axis; option 0 multiplies the logits. */
function softmax(o: Operation): string {
  const beta = o.float(0);
  const logits = beta === 1 ? o.input(0) : o.emit('Mul', [o.input(0), o.scalar(beta)]);
  return o.emit('Softmax', [logits], { axis: int(-1) });
}

/** x·Φ(x), with Φ from the error function. */
function erfGelu(o: Operation): string {
  const x = o.input(0);
  const erf = o.emit('Erf', [o.emit('Mul', [x, o.scalar(Math.SQRT1_2)])]);
  return halfOf(o, x, erf);
}

/** The approximation of Hendrycks and Gimpel (1606.08415): Φ from a tanh. */
function tanhGelu(o: Operation): string {
  const x = o.input(0);
  const cube = o.emit('Mul', [o.emit('Mul', [x, x]), x]);
  const inner = o.emit('Add', [x, o.emit('Mul', [cube, o.scalar(0.044715)])]);
  return halfOf(o, x, o.emit('Tanh', [o.emit('Mul', [inner, o.scalar(Math.sqrt(2 / Math.PI))])]));
}

/** x·(1 + y)/2 */
function halfOf(o: Operation, x: string, y: string): string {
  const phi = o.emit('Mul', [o.emit('Add', [y, o.scalar(1)]), o.scalar(0.5)]);
  return o.emit('Mul', [x, phi]);
}

/** Rows of length 1 along the last axis; TFLite's kernel divides by 1e-6 at least. */
function l2Normalization(o: Operation): string {
  const x = o.input(0);
  const squares = o.emit('ReduceSum', [o.emit('Mul', [x, x]), o.vector([-1])], { keepdims: int(1) });
  const length = o.emit('Max', [o.emit('Sqrt', [squares]), o.scalar(1e-6)]);
  return activate(o, 0, o.emit('Div', [x, length]));
}
