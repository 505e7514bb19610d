import { codeOfDataType } from '../../data-types.js';
import { int } from '../../graph.js';
import type { GradientRule, Pullback, RuleTable } from '../rule.js';
import { CARRIERS } from '../straight-through.js';

/** A rule for f(x) from what the adjoint is multiplied or divided with. */
function unary(adjoint: (pullback: Pullback) => string): GradientRule {
  return (pullback) => [adjoint(pullback)];
}

/** The derivative of what changes nothing, or counts as if it did not. */
export const passThrough = unary(({ dy }) => dy);

/** Functions of one value, applied to each element, other than activations. */
export const elementwiseRules: RuleTable = {
  Identity: passThrough,
  // At inference dropout is the identity.
  Dropout: passThrough,
  Neg: unary(({ emit, dy }) => emit.neg(dy)),
  Abs: unary(({ emit, x, dy }) => emit.mul(dy, emit.op('Sign', [x]))),
  Exp: unary(({ emit, y, dy }) => emit.mul(dy, y)),
  Log: unary(({ emit, x, dy }) => emit.div(dy, x)),
  Sqrt: unary(({ emit, y, dy }) => emit.div(emit.scale(dy, 0.5), y)),
  Reciprocal: unary(({ emit, y, dy }) => emit.neg(emit.mul(dy, emit.mul(y, y)))),
  Sin: unary(({ emit, x, dy }) => emit.mul(dy, emit.op('Cos', [x]))),
  Cos: unary(({ emit, x, dy }) => emit.neg(emit.mul(dy, emit.op('Sin', [x])))),
  Erf: unary(({ emit, x, dy }) => {
    const bell = emit.op('Exp', [emit.neg(emit.mul(x, x))]);
    return emit.mul(dy, emit.scale(bell, 2 / Math.sqrt(Math.PI)));
  }),
  Cast: unary((pullback) => {
    const { emit, x, dy } = pullback;
    const { dataType } = emit.typeOf(x);
    if (dataType.startsWith('float')) return emit.op('Cast', [dy], { to: int(codeOfDataType(dataType)) });
    // The adjoint of integers that were cast from floats is like that of the floats.
    if (!wasCast(pullback)) throw pullback.refuse(`it casts from ${dataType}`);
    return dy;
  }),
};

/** Whether the input comes out of a Cast, looking through operators that only move it about. */
function wasCast({ emit, x }: Pullback): boolean {
  let node = emit.producerOf(x);
  while (node !== undefined && CARRIERS.has(node.op)) node = emit.producerOf(node.inputs[0] ?? '');
  return node?.op === 'Cast';
}
