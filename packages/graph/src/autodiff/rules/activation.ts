import { float } from '../../graph.js';
import type { InputAdjoints, Pullback, RuleTable } from '../rule.js';
import { fromFront } from '../rule.js';

/**
 * Activations. Rules look at the output rather than at the input where they can: a runtime may then merge the
 * activation into the operator before it, and need not keep the input.
 */
export const activationRules: RuleTable = {
  Relu: ({ emit, y, dy }) => [emit.mul(dy, emit.step(y))],
  LeakyRelu: (p) => [sloped(p, p.emit.scalar(p.float('alpha', 0.01)))],
  PRelu: (p) => [
    p.when(0, () => sloped(p, p.input(1))),
    p.when(1, () => p.unbroadcast(1, negativePart(p, p.emit.mul(p.dy, p.x)))),
  ],
  Elu: (p) => {
    const { emit, y, dy } = p;
    // For x < 0, y = alpha (exp x - 1), so the slope is y + alpha.
    const slope = emit.add(y, emit.scalar(p.float('alpha', 1)));
    return [emit.op('Where', [positive(p), dy, emit.mul(dy, slope)])];
  },
  Softplus: ({ emit, x, dy }) => [emit.mul(dy, emit.op('Sigmoid', [x]))],
  Sigmoid: ({ emit, y, dy }) => [emit.mul(dy, emit.mul(y, emit.sub(emit.scalar(1), y)))],
  Tanh: ({ emit, y, dy }) => [emit.mul(dy, emit.sub(emit.scalar(1), emit.mul(y, y)))],
  Clip: clip,
  HardSigmoid: (p) => {
    const inside = between(p, p.y, p.emit.scalar(0), p.emit.scalar(1));
    return [p.emit.keepWhere(inside, p.emit.scale(p.dy, p.float('alpha', 0.2)))];
  },
  HardSwish: hardSwish,
  Softmax: (p) => {
    const { emit, y, dy } = p;
    const weighted = emit.mul(dy, y);
    const total = emit.reduceSum(weighted, [softmaxAxis(p)], true);
    return [emit.sub(weighted, emit.mul(y, total))];
  },
  LogSoftmax: (p) => {
    const { emit, y, dy } = p;
    const total = emit.reduceSum(dy, [softmaxAxis(p)], true);
    return [emit.sub(dy, emit.mul(emit.op('Exp', [y]), total))];
  },
};

function positive({ emit, x }: Pullback): string {
  return emit.op('Greater', [x, emit.scalar(0)]);
}

function negativePart(p: Pullback, value: string): string {
  return p.emit.op('Where', [positive(p), p.emit.scalar(0), value]);
}

/** The adjoint of x where x is positive and slope·x elsewhere. */
function sloped(p: Pullback, slope: string): string {
  return p.emit.op('Where', [positive(p), p.dy, p.emit.mul(p.dy, slope)]);
}

function between({ emit }: Pullback, value: string, low: string, high: string): string {
  return emit.op('And', [emit.op('Greater', [value, low]), emit.op('Less', [value, high])]);
}

/** Passes the adjoint where y is off both bounds. The mask is a number, which second derivatives use again. */
function clip(p: Pullback): InputAdjoints {
  const { emit, y, dy } = p;
  const [low, high] = [p.optional(1), p.optional(2)];
  const distances = [
    ...(low === undefined || isUnbounded(p, low) ? [] : [isZero(p, low) ? y : emit.sub(y, low)]),
    ...(high === undefined || isUnbounded(p, high) ? [] : [emit.sub(high, y)]),
  ];
  if (distances.length === 0) return [dy];
  // Of two distances that are not negative, the product is positive where both are: one step for both bounds.
  return [emit.mul(dy, emit.step(distances.reduce((a, b) => emit.mul(a, b))))];
}

function isUnbounded({ emit }: Pullback, bound: string): boolean {
  return emit.constantOf(bound)?.data.every((element) => Math.abs(Number(element)) === Infinity) === true;
}

function isZero({ emit }: Pullback, value: string): boolean {
  return emit.constantOf(value)?.data.every((element) => Number(element) === 0) === true;
}

/** x·h(x) with h(x) = clip(x/6 + 1/2, 0, 1): the derivative is h + x/6 where h is neither 0 nor 1. */
function hardSwish(p: Pullback): InputAdjoints {
  const { emit, x, dy } = p;
  const h = emit.op('HardSigmoid', [x], { alpha: float(1 / 6), beta: float(0.5) });
  const inside = between(p, h, emit.scalar(0), emit.scalar(1));
  const slope = emit.add(h, emit.keepWhere(inside, emit.scale(x, 1 / 6)));
  return [emit.mul(dy, slope)];
}

/** Until operator set 13 the default was axis 1, and the axes from there on were normalized together. */
function softmaxAxis(p: Pullback): number {
  const rank = p.outputShape.length;
  const axis = fromFront(p.int('axis', p.emit.opset < 13 ? 1 : -1), rank);
  if (p.emit.opset < 13 && axis !== rank - 1) {
    throw p.refuse(`in operator set ${p.emit.opset} its axis must be the last`);
  }
  return axis;
}
