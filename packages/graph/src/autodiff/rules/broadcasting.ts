import type { InputAdjoints, Pullback, RuleTable } from '../rule.js';

/**
 * Operators of several values that broadcast against each other. The adjoint of an input is first written in the
 * shape of the output, then summed over the axes along which the input was stretched.
 */
export const broadcastingRules: RuleTable = {
  Add: (p) => [p.when(0, () => p.unbroadcast(0, p.dy)), p.when(1, () => p.unbroadcast(1, p.dy))],
  Sub: (p) => [p.when(0, () => p.unbroadcast(0, p.dy)), p.when(1, () => p.emit.neg(p.unbroadcast(1, p.dy)))],
  Mul: (p) => [
    p.when(0, () => p.unbroadcast(0, p.emit.mul(p.dy, p.input(1)))),
    p.when(1, () => p.unbroadcast(1, p.emit.mul(p.dy, p.input(0)))),
  ],
  Div: (p) => [
    p.when(0, () => p.unbroadcast(0, p.emit.div(p.dy, p.input(1)))),
    // d(a/b)/db = -y/b
    p.when(1, () => p.emit.neg(p.unbroadcast(1, p.emit.div(p.emit.mul(p.dy, p.y), p.input(1))))),
  ],
  Pow: (p) => [
    p.when(0, () => p.unbroadcast(0, powerBase(p))),
    p.when(1, () => p.unbroadcast(1, powerExponent(p))),
  ],
  Sum: (p) => p.node.inputs.map((_, index) => p.when(index, () => p.unbroadcast(index, p.dy))),
  Mean: mean,
  Where: (p) => [
    undefined,
    p.when(1, () => p.unbroadcast(1, p.emit.keepWhere(p.input(0), p.dy))),
    p.when(2, () => p.unbroadcast(2, p.emit.op('Where', [p.input(0), p.emit.scalar(0), p.dy]))),
  ],
  Expand: (p) => [p.unbroadcast(0, p.dy)],
};

function mean(p: Pullback): InputAdjoints {
  const share = p.emit.scale(p.dy, 1 / p.node.inputs.length);
  return p.node.inputs.map((_, index) => p.when(index, () => p.unbroadcast(index, share)));
}

/** b·a^(b-1); a constant exponent of 1 or 2 needs no power. */
function powerBase({ emit, dy, x, node }: Pullback): string {
  const exponent = node.inputs[1] ?? '';
  const constant = emit.constantOf(exponent);
  const value = constant?.data.length === 1 ? Number(constant.data[0]) : undefined;
  if (value === 1) return dy;
  if (value === 2) return emit.mul(emit.scale(dy, 2), x);
  if (value !== undefined) {
    return emit.mul(emit.scale(dy, value), emit.op('Pow', [x, emit.scalar(value - 1)]));
  }
  const lower = emit.op('Pow', [x, emit.sub(exponent, emit.scalar(1))]);
  return emit.mul(emit.mul(dy, exponent), lower);
}

/** y·log(a), and 0 where a is 0 or less: there the power does not vary smoothly with its exponent. */
function powerExponent({ emit, dy, x, y }: Pullback): string {
  const positive = emit.op('Greater', [x, emit.scalar(0)]);
  const log = emit.op('Log', [emit.op('Where', [positive, x, emit.scalar(1)])]);
  return emit.mul(dy, emit.mul(y, log));
}
