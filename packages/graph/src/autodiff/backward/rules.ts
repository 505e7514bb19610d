import { string } from '../../graph.js';
import type { GradientRule } from '../rule.js';
import { channelsOf, inFloat, poolAxes } from '../rules/pooling.js';
import { mergeTaps, sliceTaps, windowPads } from '../windows/slices.js';

/** A sum of which one operand passes on a share of its adjoint. */
export function decayed(branch: 0 | 1, share: number): GradientRule {
  return (p) =>
    [0, 1].map((index) =>
      p.when(index, () => p.unbroadcast(index, index === branch ? p.emit.scale(p.dy, share) : p.dy)),
    );
}

/** Below any square that matters: a gradient of 0 stays 0. */
const TINY = 1e-30;

/**
 * A rectifier that is passed as if it were not there, each sample's adjoint at the length that the derivative would have
 * left it: where branches are added, a branch that is never cut would drown the shortcut.
 */
export const passedRelu: GradientRule = ({ emit, y, dy, outputShape }) => {
  const axes = outputShape.slice(1).map((_, axis) => axis + 1);
  const size = (value: string): string =>
    emit.op('Sqrt', [emit.add(emit.reduceSumSquare(value, axes, true), emit.scalar(TINY))]);
  const scale = emit.div(size(emit.mul(dy, emit.step(y))), size(dy));
  return [emit.mul(dy, scale)];
};

/** The derivative of x·σ(x) in the place of a rectifier's: σ(x)·(1 + x·(1 − σ(x))). */
export const smoothRelu: GradientRule = ({ emit, x, dy }) => {
  const sigmoid = emit.op('Sigmoid', [x]);
  const one = emit.scalar(1);
  const slope = emit.mul(sigmoid, emit.add(one, emit.mul(x, emit.sub(one, sigmoid))));
  return [emit.mul(dy, slope)];
};

/** A max-pool whose adjoint is shared out among the elements of a window by softmax(temperature · x). */
export function softMaxPool(temperature: number): GradientRule {
  return (p) => {
    const { emit, dy } = p;
    const axes = poolAxes(p);
    const pads = windowPads(axes);
    const least = emit.scalar(-Infinity);
    const [x, y] = [inFloat(p, p.x), inFloat(p, p.y)];
    const padded = pads.every((amount) => amount === 0)
      ? x
      : emit.op('Pad', [x, emit.vector(pads), least], { mode: string('constant') });
    // Below the largest, which y is: no exponential overflows, and padding has a weight of 0.
    const weights = sliceTaps(emit, padded, axes).map((tap) =>
      emit.op('Exp', [emit.scale(emit.sub(tap, y), temperature)]),
    );
    const total = weights.reduce((sum, weight) => emit.add(sum, weight));
    const share = emit.div(dy, total);
    const pieces = weights.map((weight) => emit.mul(weight, share));
    return [mergeTaps(emit, pieces, axes, channelsOf(p))];
  };
}
