import type { Operation, Rule, Rules } from '../operation.js';
import { activate } from './activation.js';
import { sumOfIntegers } from './integer-sum.js';

/** Two values that broadcast at their last axes; option 0 is a fused activation. */
const binary =
  (op: string): Rule =>
  (o) =>
    activate(o, 0, o.emit(op, operands(o)));

/** A sum or difference; of integers, as integer kernels round it. */
const additive =
  (op: 'Add' | 'Sub'): Rule =>
  (o) =>
    sumOfIntegers(o, op) ?? binary(op)(o);

const plain =
  (op: string): Rule =>
  (o) =>
    o.emit(op, operands(o));

const unary =
  (op: string): Rule =>
  (o) =>
    o.emit(op, [o.input(0)]);

function operands(o: Operation): readonly string[] {
  if (o.inputCount !== 2) throw o.refuse(`has ${o.inputCount} inputs, not 2`);
  return [o.input(0), o.input(1)];
}

const square: Rule = (o) => o.emit('Mul', [o.input(0), o.input(0)]);

const squaredDifference: Rule = (o) => {
  const difference = o.emit('Sub', operands(o));
  return o.emit('Mul', [difference, difference]);
};

const sum: Rule = (o) =>
  o.emit(
    'Sum',
    Array.from({ length: o.inputCount }, (_, i) => o.input(i)),
  );

/** A value of another element type or scale: the importer rounds where there is rounding. */
const same: Rule = (o) => o.emit('Identity', [o.input(0)]);

/** Pixels to floats; towards integers, a cast would cut off what the importer rounds. */
const cast: Rule = (o) => {
  if (o.outputType() !== 'float32') throw o.refuse(`casts to ${o.outputType()}, supported is float32`);
  return same(o);
};

/** Arithmetic on each element. */
export const arithmeticRules: Rules = {
  ADD: additive('Add'),
  SUB: additive('Sub'),
  MUL: binary('Mul'),
  DIV: binary('Div'),
  ADD_N: sum,
  MAXIMUM: plain('Max'),
  MINIMUM: plain('Min'),
  SQUARED_DIFFERENCE: squaredDifference,
  SQUARE: square,
  SQRT: unary('Sqrt'),
  RSQRT: (o) => o.emit('Reciprocal', [o.emit('Sqrt', [o.input(0)])]),
  EXP: unary('Exp'),
  LOG: unary('Log'),
  NEG: unary('Neg'),
  ABS: unary('Abs'),
  QUANTIZE: same,
  DEQUANTIZE: same,
  CAST: cast,
};
