import type { DataType } from '@unpair/graph';
import { codeOfDataType, dataTypeOfCode, floatAttribute, intAttribute } from '@unpair/graph';
import type { Device, DeviceTensor } from '../device.js';
import { broadcast } from '../movement.js';
import type { Inputs, Rule, RuleContext, Rules } from '../rule.js';
import { required, result } from '../rule.js';
import { deviceTypeOf } from '../transfer.js';
import { Value } from '../value.js';
import { castTensor, operandsOf, pairwise, scalar, wrap } from './operands.js';

type Compute = (device: Device, x: DeviceTensor, value: Value) => DeviceTensor;

/** An operator on each element alone; keeps the layout. */
const unary =
  (compute: (context: RuleContext) => Compute): Rule =>
  (context) => {
    const { device } = context;
    const operation = compute(context);
    return (inputs) => {
      const x = required(inputs, 0);
      return result(context, x.dataType, operation(device, x.tensor(x.layout), x), x.layout);
    };
  };

const kernel = (name: string): Rule => unary(() => (device, x) => device.run(name, { x }));

/** An operator whose result is true or false. */
const test =
  (name: string): Rule =>
  (context) =>
  (inputs) => {
    const x = required(inputs, 0);
    return result(context, 'bool', context.device.run(name, { x: x.tensor(x.layout) }), x.layout);
  };

const multiply = (device: Device, a: DeviceTensor, b: DeviceTensor | number): DeviceTensor =>
  device.run('Multiply', { a, b: typeof b === 'number' ? scalar(device, b) : b });
const add = (device: Device, a: DeviceTensor, b: DeviceTensor | number): DeviceTensor =>
  device.run('Add', { a, b: typeof b === 'number' ? scalar(device, b) : b });

/** Bounds elements. */
export function clip(device: Device, x: DeviceTensor, low: number, high: number): DeviceTensor {
  if (x.dtype === 'float32' && low < high) {
    return device.run('ClipByValue', { x }, { clipValueMin: low, clipValueMax: high });
  }
  const type = x.dtype === 'float32' ? 'float32' : 'int32';
  const [least, most] =
    type === 'int32' ? [Math.max(low, -(2 ** 31)), Math.min(high, 2 ** 31 - 1)] : [low, high];
  const raised = pairwise(device, 'Maximum', x, scalar(device, least, type));
  return pairwise(device, 'Minimum', raised, scalar(device, most, type));
}

/** Steeper than this, a HardSigmoid through 0 is a step: the emitter of gradients writes the derivative of Relu so. */
const STEEP = 1e38;

const hardSigmoid = unary(({ node }) => {
  const alpha = floatAttribute(node, 'alpha', 0.2);
  const beta = floatAttribute(node, 'beta', 0.5);
  if (alpha >= STEEP && beta === 0) return (device, x) => device.run('Step', { x }, { alpha: 0 });
  return (device, x) => clip(device, add(device, multiply(device, x, alpha), beta), 0, 1);
});

/** max(x, 0) + f(min(x, 0)) for an f that is 0 at 0. */
const belowZero = (
  device: Device,
  x: DeviceTensor,
  f: (negative: DeviceTensor) => DeviceTensor,
): DeviceTensor => {
  const negative = pairwise(device, 'Minimum', x, scalar(device, 0));
  return add(device, device.run('Relu', { x }), f(negative));
};

const expm1 = (device: Device, x: DeviceTensor): DeviceTensor => device.run('Expm1', { x });

/** Max(0, x) + slope·min(0, x), where slopes broadcast. */
const prelu: Rule = (context) => (inputs) => {
  const { device } = context;
  const x = required(inputs, 0);
  const { layout, tensors } = operandsOf([x, required(inputs, 1)]);
  const [value, slope] = tensors;
  if (value === undefined || slope === undefined) throw new TypeError('lacks an operand');
  const y = belowZero(device, value, (negative) => multiply(device, negative, slope));
  return result(context, x.dataType, y, layout);
};

const clipRule: Rule = (context) => {
  const { device, node } = context;
  const fixed = [floatAttribute(node, 'min', -Infinity), floatAttribute(node, 'max', Infinity)];
  return (inputs) => {
    const x = required(inputs, 0);
    const [low = -Infinity, high = Infinity] = [1, 2].map((i) => inputs[i]?.numbers()[0] ?? fixed[i - 1]);
    if (low === -Infinity && high === Infinity) return [x.alias()];
    return result(context, x.dataType, clip(device, x.tensor(x.layout), low, high), x.layout);
  };
};

/** Two operands that broadcast. Logical kernels give bool; arithmetic on narrow integers wraps. */
const binary =
  (
    compute: (device: Device, a: DeviceTensor, b: DeviceTensor, type: DataType) => DeviceTensor,
    resultType?: DataType,
  ): Rule =>
  (context) =>
  (inputs) => {
    const first = required(inputs, 0);
    const { layout, tensors } = operandsOf([first, required(inputs, 1)]);
    const [a, b] = tensors;
    if (a === undefined || b === undefined) throw new TypeError('lacks an operand');
    const y = compute(context.device, a, b, first.dataType);
    const type = resultType ?? first.dataType;
    return result(context, type, wrap(context.device, y, type), layout);
  };

const arithmetic = (name: string): Rule => binary((device, a, b) => device.run(name, { a, b }));
const logical = (name: string): Rule => binary((device, a, b) => device.run(name, { a, b }), 'bool');

/** Kernels compare numbers; booleans are compared as 0 and 1. */
const comparison = (name: string): Rule =>
  binary((device, a, b) => {
    const [left, right] = [a, b].map((x) => (x.dtype === 'bool' ? castTensor(device, x, 'int32') : x));
    if (left === undefined || right === undefined) throw new TypeError('lacks an operand');
    return pairwise(device, name, left, right);
  }, 'bool');

/** Integers are divided towards zero, as in C. */
const divide = binary((device, a, b) => {
  if (a.dtype === 'float32') return device.run('RealDiv', { a, b });
  const signs = device.run('Multiply', { a: signOf(device, a), b: signOf(device, b) });
  const [left, right] = [a, b].map((x) => device.run('Multiply', { a: x, b: signOf(device, x) }));
  return device.run('Multiply', { a: signs, b: device.run('FloorDiv', { a: left, b: right }) });
});

/** −1 or 1 for integers. */
function signOf(device: Device, x: DeviceTensor): DeviceTensor {
  const isNegative = castTensor(device, device.run('Less', { a: x, b: scalar(device, 0, 'int32') }), 'int32');
  const two = device.run('Multiply', { a: isNegative, b: scalar(device, 2, 'int32') });
  return device.run('Sub', { a: scalar(device, 1, 'int32'), b: two });
}

const power = binary((device, a, b) => {
  const exponent = castTensor(device, b, a.dtype as 'float32');
  return device.run('Pow', { a, b: exponent });
});

/** With `fmod` the remainder has the sign of the dividend, else of the divisor. */
const modulo: Rule = (context) => {
  const isC = intAttribute(context.node, 'fmod', 0) === 1;
  const compute = (device: Device, a: DeviceTensor, b: DeviceTensor): DeviceTensor => {
    const floored = device.run('Mod', { a, b });
    if (!isC) return floored;
    const absolute = (x: DeviceTensor): DeviceTensor => device.run('Abs', { x });
    const rest = device.run('Mod', { a: absolute(a), b: absolute(b) });
    return device.run('Multiply', { a: rest, b: device.run('Sign', { x: a }) });
  };
  return binary(compute)(context);
};

/** Any number of operands that broadcast. */
const variadic =
  (
    name: string,
    finish: (device: Device, x: DeviceTensor, count: number) => DeviceTensor = (_, x) => x,
  ): Rule =>
  (context) =>
  (inputs) => {
    const { device } = context;
    const values = inputs.filter((value) => value !== undefined);
    const { layout, tensors } = operandsOf(values);
    const joined = tensors.reduce((a, b) => pairwise(device, name, a, b));
    const y = finish(device, joined, tensors.length);
    const x = tensors.length === 1 ? device.run('Identity', { x: y }) : y;
    return result(context, required(inputs, 0).dataType, x, layout);
  };

const where: Rule = (context) => (inputs) => {
  const { device } = context;
  const [condition, yes, no] = [0, 1, 2].map((i) => required(inputs, i));
  if (condition === undefined || yes === undefined || no === undefined) throw new TypeError('lacks an input');
  const { layout, tensors } = operandsOf([condition, yes, no]);
  const rank = tensors[0]?.shape.length ?? 0;
  const shape = Array.from({ length: rank }, (_, axis) => {
    const sizes = tensors.map((tensor) => tensor.shape[axis] ?? 1);
    return sizes.find((size) => size !== 1) ?? 1;
  });
  const [c, t, e] = tensors.map((tensor) => broadcast(device, tensor, shape));
  const picked = device.run('Select', { condition: c, t: widened(device, t), e: widened(device, e) });
  return result(context, yes.dataType, castTensor(device, picked, deviceTypeOf(yes.dataType)), layout);
};

/** The kernel that selects takes four bytes an element. */
function widened(device: Device, x: DeviceTensor | undefined): DeviceTensor | undefined {
  return x?.dtype === 'bool' ? castTensor(device, x, 'int32') : x;
}

/** Converts elements as ONNX does: towards zero to integers, which wrap to narrow ones; anything but 0 is true. */
function convert(context: RuleContext, inputs: Inputs, to: DataType): readonly Value[] {
  const { device } = context;
  const x = required(inputs, 0);
  if (x.dataType === to) return [x.alias()];
  const cast = castTensor(device, x.tensor(x.layout), deviceTypeOf(to));
  const y = wrap(device, cast, to);
  return result(context, to, device.run('Identity', { x: y }), x.layout);
}

const cast: Rule = (context) => {
  const to = intAttribute(context.node, 'to', codeOfDataType('float32'));
  const dataType = dataTypeOfCode(to, `the result of node "${context.node.name}" (Cast)`);
  return (inputs) => convert(context, inputs, dataType);
};

const castLike: Rule = (context) => (inputs) => convert(context, inputs, required(inputs, 1).dataType);

/** At inference nothing is dropped. */
const dropout: Rule = (context) => (inputs) => {
  const { device } = context;
  const x = required(inputs, 0);
  const mask = new Uint8Array(x.shape.reduce((product, size) => product * size, 1)).fill(1);
  return [x.alias(), Value.onHost(device, { dataType: 'bool', shape: x.shape, data: mask })];
};

const isInf: Rule = (context) => {
  const { device, node } = context;
  const above = intAttribute(node, 'detect_positive', 1) === 1;
  const below = intAttribute(node, 'detect_negative', 1) === 1;
  return (inputs) => {
    const x = required(inputs, 0);
    const tensor = x.tensor(x.layout);
    const infinite = device.run('IsInf', { x: tensor });
    if (above && below) return result(context, 'bool', infinite, x.layout);
    const sided = device.run(above ? 'Greater' : 'Less', { a: tensor, b: scalar(device, 0) });
    const kept = above || below ? sided : device.run('IsNan', { x: scalar(device, 0) });
    return result(context, 'bool', device.run('LogicalAnd', { a: infinite, b: kept }), x.layout);
  };
};

const identity: Rule = () => (inputs) => [required(inputs, 0).alias()];

/** Operators that act on each element alone. */
export const elementwiseRules: Rules = {
  Identity: identity,
  ...Object.fromEntries(
    [
      ...[
        'Abs',
        'Ceil',
        'Cos',
        'Erf',
        'Exp',
        'Floor',
        'Log',
        'Neg',
        'Reciprocal',
        'Relu',
        'Round',
        'Sigmoid',
      ],
      ...['Sign', 'Sin', 'Softplus', 'Sqrt', 'Tanh', 'Tan', 'Asin', 'Acos', 'Atan', 'Sinh', 'Cosh'],
      ...['Asinh', 'Acosh', 'Atanh'],
    ].map((op) => [op, kernel(op)]),
  ),
  Not: test('LogicalNot'),
  IsNaN: test('IsNan'),
  IsInf: isInf,
  HardSigmoid: hardSigmoid,
  HardSwish: unary(
    () => (device, x) =>
      multiply(device, x, clip(device, add(device, multiply(device, x, 1 / 6), 0.5), 0, 1)),
  ),
  LeakyRelu: unary(({ node }) => {
    const alpha = floatAttribute(node, 'alpha', 0.01);
    return (device, x) => device.run('LeakyRelu', { x }, { alpha });
  }),
  Elu: unary(({ node }) => {
    const alpha = floatAttribute(node, 'alpha', 1);
    return (device, x) =>
      belowZero(device, x, (negative) => multiply(device, expm1(device, negative), alpha));
  }),
  PRelu: prelu,
  Clip: clipRule,
  Add: arithmetic('Add'),
  Sub: arithmetic('Sub'),
  Mul: arithmetic('Multiply'),
  Div: divide,
  Pow: power,
  Mod: modulo,
  Max: variadic('Maximum'),
  Min: variadic('Minimum'),
  Sum: variadic('Add'),
  Mean: variadic('Add', (device, x, count) => multiply(device, x, 1 / count)),
  And: logical('LogicalAnd'),
  Or: logical('LogicalOr'),
  Xor: comparison('NotEqual'),
  Equal: comparison('Equal'),
  Less: comparison('Less'),
  Greater: comparison('Greater'),
  LessOrEqual: comparison('LessEqual'),
  GreaterOrEqual: comparison('GreaterEqual'),
  Where: where,
  Cast: cast,
  CastLike: castLike,
  Dropout: dropout,
};
