import { argmax } from '@unpair/classifiers';
import type { Random } from '@unpair/numerics';
import { addScaled } from '@unpair/numerics';
import { lossOfGoal } from '../goal.js';
import type { Goal } from '../goal.js';
import { objectiveGradient, surrogateLogits } from '../requests.js';
import type { Part } from './part.js';
import { rowOf } from './part.js';
import type { Matrix } from './separable.js';
import { matrix, separable, transposed } from './separable.js';
import type { Shape, Transform } from './transform.js';

/** How much larger the canvases are than the image (Zou et al. 2021, arXiv 2112.06011). */
const RATES = [1.14, 1.27, 1.4, 1.53, 1.66] as const;

/**
 * The diversity ensemble (DEM): the cross-entropy of the mean logits of copies that are enlarged by chance, put on larger
 * and larger canvases, and brought back to the side of the image. It takes the place of the loss.
 */
export const resizedEnsemble: Part = {
  parameters: {},
  wrap: (_inner, { problem, random }) => {
    const { shape, input, goal } = problem;
    return function* (points, count) {
      const back = new Float32Array(points.length);
      for (let row = 0; row < count; row++) {
        const drawn = RATES.map((rate) => drawEnlarged(shape, rate, random));
        const inputs = new Float32Array(drawn.length * input.length);
        drawn.forEach(({ apply }, copy) => {
          inputs.set(apply(rowOf(points, row, input.length)), copy * input.length);
        });
        const logits = yield* surrogateLogits(problem, inputs, drawn.length);
        const objective = { kind: 'combination', weights: meanSlope(goal, logits, drawn.length) } as const;
        const { gradients } = yield* objectiveGradient(problem, objective, inputs, drawn.length);
        drawn.forEach(({ transpose }, copy) => {
          addScaled(rowOf(back, row, input.length), 1, transpose(rowOf(gradients, copy, input.length)));
        });
      }
      return back;
    };
  },
};

/** Derivative, by the logits of each copy, of the goal's cross-entropy at their mean. */
export function meanSlope(goal: Goal, logits: Float32Array, copies: number): Float32Array {
  const classes = logits.length / copies;
  const mean = new Float32Array(classes);
  for (let copy = 0; copy < copies; copy++) addScaled(mean, 1 / copies, rowOf(logits, copy, classes));
  const largest = mean[Math.max(0, argmax(mean))] ?? 0;
  const odds = Array.from(mean, (logit) => Math.exp(logit - largest));
  const total = odds.reduce((sum, value) => sum + value, 0);
  const { label, sign } = lossOfGoal(goal);
  return Float32Array.from(odds, (value, k) => (sign * (value / total - (k === label ? 1 : 0))) / copies);
}

/** The image enlarged to a size below `rate` times its own, at a random place of a canvas of that size, and back. */
function drawEnlarged(shape: Shape, rate: number, random: Random): Transform {
  const [, height, width] = shape;
  const share = 1 + (rate - 1) * random.uniform();
  const rows = enlarged(height, share, rate, random);
  const columns = enlarged(width, share, rate, random);
  const [rowsBack, columnsBack] = [transposed(rows), transposed(columns)];
  return {
    apply: (image) => separable(image, shape, rows, columns),
    transpose: (gradient) => separable(gradient, shape, rowsBack, columnsBack),
  };
}

/** The same along one side, as a matrix: to `share` of the side, onto a canvas of `rate` times it, and back. */
export function enlarged(side: number, share: number, rate: number, random: Random): Matrix {
  const canvas = Math.max(side, Math.floor(side * rate));
  const size = Math.min(canvas, Math.floor(side * share));
  const place = random.integer(canvas - size + 1);
  const values = new Float64Array(side * side);
  for (let to = 0; to < side; to++) {
    for (const [on, outer] of bilinear(to, side, canvas)) {
      if (on < place || on >= place + size) continue;
      for (const [from, inner] of bilinear(on - place, size, side)) {
        values[to * side + from] = (values[to * side + from] ?? 0) + outer * inner;
      }
    }
  }
  return matrix(side, (row, column) => values[row * side + column] ?? 0);
}

/** What pixel `at` of a side of `to` pixels takes of one of `from` pixels: corners are not aligned, borders repeat. */
function bilinear(at: number, to: number, from: number): readonly (readonly [number, number])[] {
  const place = Math.max(0, ((at + 0.5) * from) / to - 0.5);
  const low = Math.min(from - 1, Math.floor(place));
  const share = Math.min(1, place - low);
  return [
    [low, 1 - share],
    [Math.min(from - 1, low + 1), share],
  ];
}
