import { addScaled } from '@unpair/numerics';
import { numberOf } from '@unpair/parameters';
import type { ParameterSpec } from '@unpair/parameters';
import type { Part } from './part.js';
import { inverseMean, neighboursOf, perPixel, rowOf } from './part.js';

/** Points drawn around each iterate. */
export const NEIGHBOURS: ParameterSpec = {
  type: 'integer',
  min: 1,
  max: 1000,
  default: 20,
  description: 'Points drawn around each iterate.',
};

/** How far neighbours may lie. */
export function reachOf(times: number): ParameterSpec {
  return {
    type: 'number',
    min: 0,
    max: 10,
    default: times,
    description: 'How far they may lie in each pixel, as a share of epsilon (of epsilon / √n in l2).',
  };
}

/** Nesterov's look-ahead (NI, Lin et al. 2020, arXiv 1908.06281): the gradient where momentum alone would lead. */
export const lookAhead: Part = {
  parameters: {},
  wrap: (inner, { parameters, pixelStep, momentum }) =>
    function* (points, count) {
      const ahead = points.slice();
      const size = momentum.length;
      const decay = numberOf(parameters, 'momentum');
      for (let row = 0; row < count; row++) addScaled(rowOf(ahead, row, size), decay * pixelStep, momentum);
      return yield* inner(ahead, count);
    },
};

/**
 * Enhanced momentum (EMI, Wang et al. 2021, arXiv 2103.10609): the mean of the gradients at points along that of the step
 * before, on both sides.
 */
export const alongTheLast: Part = {
  parameters: {
    points: {
      type: 'integer',
      min: 1,
      max: 100,
      default: 11,
      description: 'Points along the gradient of the step before.',
    },
    radius: {
      type: 'number',
      min: 0,
      max: 100,
      default: 7,
      description: 'How many steps away the outermost of them lie.',
    },
  },
  wrap: (inner, { parameters, pixelStep, momentum: { length: size } }) => {
    const count = numberOf(parameters, 'points');
    const radius = numberOf(parameters, 'radius');
    const last = new Float32Array(size);
    return function* (points) {
      const along = new Float32Array(count * size);
      for (let row = 0; row < count; row++) {
        const share = count === 1 ? 0 : (2 * row) / (count - 1) - 1;
        const own = rowOf(along, row, size);
        own.set(points);
        addScaled(own, share * radius * pixelStep, last);
      }
      const mean = meanOfRows(yield* inner(along, count), count);
      last.fill(0);
      addScaled(last, inverseMean(mean), mean);
      return mean;
    };
  },
};

/**
 * Penalized gradient norm (PGN, Ge et al. 2023, arXiv 2306.05225): around the iterate, half of the gradient at each point
 * and half of that one step down from it, which is to first order lower where the loss is steep.
 */
export const penalizedNorm: Part = {
  parameters: {
    neighbours: NEIGHBOURS,
    reach: reachOf(3),
    balance: {
      type: 'number',
      min: 0,
      max: 1,
      default: 0.5,
      description: 'Share of the gradient that is taken one step down.',
    },
  },
  wrap: (inner, { problem, parameters, random, pixelStep }) => {
    const { input, epsilon } = problem;
    const count = numberOf(parameters, 'neighbours');
    const balance = numberOf(parameters, 'balance');
    const reach = numberOf(parameters, 'reach') * perPixel(epsilon, problem);
    return function* (points) {
      const near = neighboursOf(points, count, reach, random);
      const first = (yield* inner(near, count)).slice();
      const down = near.slice();
      for (let row = 0; row < count; row++) {
        const own = rowOf(first, row, input.length);
        addScaled(rowOf(down, row, input.length), -pixelStep * inverseMean(own), own);
      }
      const second = yield* inner(down, count);
      const mixed = first.map((value, i) => (1 - balance) * value + balance * (second[i] ?? 0));
      return meanOfRows(mixed, count);
    };
  },
};

/**
 * Flat maxima (MEF, Qiu et al. 2024, arXiv 2405.16181): the gradients at points around the iterate, each moved along a
 * memory of its own gradients, whose sign turns from step to step.
 */
export const flatMaxima: Part = {
  parameters: {
    neighbours: NEIGHBOURS,
    reach: reachOf(2),
    inner: {
      type: 'number',
      min: 0,
      max: 10,
      default: 0.15,
      description: 'How far each point moves along its own gradients, as a share of epsilon.',
    },
    innerMomentum: {
      type: 'number',
      min: 0,
      max: 10,
      default: 0.9,
      description: 'Decay of the gradients of each point.',
    },
  },
  wrap: (inner, { problem, parameters, random }) => {
    const size = problem.input.length;
    const count = numberOf(parameters, 'neighbours');
    const pixel = perPixel(problem.epsilon, problem);
    const reach = numberOf(parameters, 'reach') * pixel;
    const along = numberOf(parameters, 'inner') * pixel;
    const decay = numberOf(parameters, 'innerMomentum');
    const own = new Float32Array(count * size);
    return function* (points) {
      const near = neighboursOf(points, count, reach, random);
      addScaled(near, along, own);
      const gradients = yield* inner(near, count);
      for (let row = 0; row < count; row++) {
        const [kept, gradient] = [rowOf(own, row, size), rowOf(gradients, row, size)];
        const scale = inverseMean(gradient);
        for (let i = 0; i < size; i++) kept[i] = scale * (gradient[i] ?? 0) - decay * (kept[i] ?? 0);
      }
      return meanOfRows(gradients, count);
    };
  },
};

/** Mean of the rows of `rows` [count, size]. */
export function meanOfRows(rows: Float32Array, count: number): Float32Array {
  const size = rows.length / count;
  const mean = new Float32Array(size);
  for (let row = 0; row < count; row++) addScaled(mean, 1 / count, rowOf(rows, row, size));
  return mean;
}
