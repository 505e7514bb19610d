import { codeOfDataType } from '../../data-types.js';
import { int } from '../../graph.js';
import type { GradientRule, Pullback, RuleTable } from '../rule.js';

/** A rule for f(x) from what the adjoint is multiplied or divided with. */
function unary(adjoint: (pullback: Pullback) => string): GradientRule {
  return (pullback) => [adjoint(pullback)];
}

const passThrough = unary(({ dy }) => dy);

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
    if (!dataType.startsWith('float')) throw pullback.refuse(`it casts from ${dataType}`);
    return emit.op('Cast', [dy], { to: int(codeOfDataType(dataType)) });
  }),
};
