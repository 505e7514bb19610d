import { intAttribute } from '../attributes.js';
import { dataTypeOfCode } from '../data-types.js';
import type { Dim, Node, ValueType } from '../graph.js';
import { broadcastDims } from './dim.js';
import type { NodeContext, ShapeRule, ShapeRules } from './rule.js';
import { nodeError, requireInput, showShape } from './rule.js';

/** Shape that two shapes broadcast to, aligned at their last dimensions. @throws {ModelError} naming both. */
export function broadcastShapes(node: Node, a: readonly Dim[], b: readonly Dim[]): readonly Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const dim = broadcastDims(a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1);
    if (dim === undefined) {
      throw nodeError(node, `cannot broadcast shapes ${showShape(a)} and ${showShape(b)}`);
    }
    return dim;
  });
}

/** The output is like the first input. */
export const sameAsFirst: ShapeRule = (context) => [requireInput(context, 0)];

const broadcasting: ShapeRule = (context) => [
  { dataType: requireInput(context, 0).dataType, shape: broadcastAll(context, context.inputs) },
];

const comparison: ShapeRule = (context) => [
  { dataType: 'bool', shape: broadcastAll(context, context.inputs) },
];

const where: ShapeRule = (context) => [
  { dataType: requireInput(context, 1).dataType, shape: broadcastAll(context, context.inputs) },
];

const cast: ShapeRule = (context) => {
  const { node } = context;
  const dataType = dataTypeOfCode(intAttribute(node, 'to', 0), `the result of node "${node.name}" (Cast)`);
  return [{ dataType, shape: requireInput(context, 0).shape }];
};

const castLike: ShapeRule = (context) => [
  { dataType: requireInput(context, 1).dataType, shape: requireInput(context, 0).shape },
];

const dropout: ShapeRule = (context) => {
  const input = requireInput(context, 0);
  return [input, { dataType: 'bool', shape: input.shape }];
};

const isNaNOrInf: ShapeRule = (context) => [{ dataType: 'bool', shape: requireInput(context, 0).shape }];

function broadcastAll(context: NodeContext, inputs: readonly (ValueType | undefined)[]): readonly Dim[] {
  requireInput(context, 0);
  return inputs.reduce<readonly Dim[]>(
    (shape, input) => (input === undefined ? shape : broadcastShapes(context.node, shape, input.shape)),
    [],
  );
}

/** Operators that act on each element alone. */
export const elementwiseRules: ShapeRules = {
  ...Object.fromEntries(
    [
      ...['Abs', 'Ceil', 'Celu', 'Clip', 'Cos', 'Elu', 'Erf', 'Exp', 'Floor', 'Gelu', 'HardSigmoid'],
      ...[
        'Hardmax',
        'HardSwish',
        'Identity',
        'LeakyRelu',
        'Log',
        'LogSoftmax',
        'Mish',
        'Neg',
        'Not',
        'PRelu',
        'Reciprocal',
      ],
      ...[
        'Relu',
        'Round',
        'Selu',
        'Sigmoid',
        'Sign',
        'Sin',
        'Softmax',
        'Softplus',
        'Softsign',
        'Sqrt',
        'Tanh',
      ],
      ...['CumSum', 'Shrink', 'ThresholdedRelu', 'Trilu'],
    ].map((op) => [op, sameAsFirst]),
  ),
  ...Object.fromEntries(
    ['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Mod', 'Max', 'Min', 'Sum', 'Mean', 'And', 'Or', 'Xor'].map((op) => [
      op,
      broadcasting,
    ]),
  ),
  ...Object.fromEntries(
    ['Equal', 'Less', 'Greater', 'LessOrEqual', 'GreaterOrEqual'].map((op) => [op, comparison]),
  ),
  IsNaN: isNaNOrInf,
  IsInf: isNaNOrInf,
  Where: where,
  Cast: cast,
  CastLike: castLike,
  Dropout: dropout,
};
