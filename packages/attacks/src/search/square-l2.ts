import type { Random } from '@unpair/numerics';
import { project } from '@unpair/numerics';
import { norm } from '@unpair/numerics';
import type { AttackRun, Problem } from '../attack.js';
import { query } from '../requests.js';
import { bump } from './square-bump.js';
import { squareLoss } from './square-loss.js';
import { changedShare } from './square-schedule.js';
import type { SquareSettings } from './square-settings.js';

/** Bumps in each direction of the starting point. */
const START_GRID = 5;

/**
 * Square under l2: a grid of bumps (or another start), then moves that empty one window of the perturbation and put its mass, and what the
 * ball still leaves free, on another one.
 */
export function* squareL2(
  problem: Problem<'logits'>,
  settings: SquareSettings,
  random: Random,
  start?: Float32Array,
): AttackRun<'logits'> {
  const { input, goal, shape } = problem;
  const [, height, width] = shape;
  let best = start ?? applied(problem, startingChange(problem, random));
  let lowest = squareLoss(goal, (yield* query(problem, best)).logits);
  for (let iteration = 0; ; iteration++) {
    const share = changedShare(settings.pInit, iteration, settings.budget);
    const side = oddSide(Math.round(Math.sqrt(share * height * width)), Math.min(height, width));
    const change = best.map((value, at) => value - (input[at] ?? 0));
    moveMass(change, problem, pixelsOf(problem, side, random), pixelsOf(problem, side, random), random);
    const candidate = applied(problem, change);
    const { logits } = yield* query(problem, candidate);
    const loss = squareLoss(goal, logits);
    if (loss < lowest) [best, lowest] = [candidate, loss];
  }
}

/** The nearest odd side from 3 up, as far as the image is that large. */
function oddSide(wanted: number, largest: number): number {
  const side = Math.max(wanted, 3);
  return Math.min(side % 2 === 0 ? side + 1 : side, largest);
}

/** Offsets, within a channel, of a window at a random place; [side · side]. */
function pixelsOf({ shape: [, height, width] }: Problem, side: number, random: Random): Int32Array {
  const top = random.integer(height - side + 1);
  const left = random.integer(width - side + 1);
  return Int32Array.from(
    { length: side * side },
    (_, i) => (top + Math.floor(i / side)) * width + left + (i % side),
  );
}

function startingChange(problem: Problem, random: Random): Float32Array {
  const [channels, height, width] = problem.shape;
  const change = new Float32Array(problem.input.length);
  const side = Math.max(1, Math.floor(Math.min(height, width) / START_GRID));
  const margins = [(height % side) >> 1, (width % side) >> 1] as const;
  for (let top = margins[0]; top + side <= height; top += side) {
    for (let left = margins[1]; left + side <= width; left += side) {
      const shape = bump(side, random);
      for (let channel = 0; channel < channels; channel++) {
        const sign = random.integer(2) === 0 ? -1 : 1;
        for (let i = 0; i < shape.length; i++) {
          const row = channel * height + top + Math.floor(i / side);
          change[row * width + left + (i % side)] = sign * (shape[i] ?? 0);
        }
      }
    }
  }
  return change;
}

/** Rewrites `change`: the second window is emptied, the first one gets a new bump with the mass of both. */
function moveMass(
  change: Float32Array,
  { shape: [channels, height, width], epsilon }: Problem,
  first: Int32Array,
  second: Int32Array,
  random: Random,
): void {
  const free = Math.max(0, epsilon * epsilon - norm(change) ** 2) / channels;
  const shape = bump(Math.sqrt(first.length), random);
  const either = new Set([...first, ...second]);
  for (let channel = 0; channel < channels; channel++) {
    const plane = change.subarray(channel * height * width, (channel + 1) * height * width);
    const mass = Math.sqrt(free + sumOfSquares(plane, either));
    const own = Math.sqrt(sumOfSquares(plane, first)) + 1e-10;
    const sign = random.integer(2) === 0 ? -1 : 1;
    const fresh = shape.map((value, i) => sign * value + (plane[first[i] ?? 0] ?? 0) / own);
    const scale = mass / (norm(fresh) || 1);
    for (const at of second) plane[at] = 0;
    first.forEach((at, i) => (plane[at] = scale * (fresh[i] ?? 0)));
  }
}

function sumOfSquares(plane: Float32Array, pixels: Iterable<number>): number {
  let sum = 0;
  for (const at of pixels) sum += (plane[at] ?? 0) ** 2;
  return sum;
}

/** The clean input plus `change` stretched to epsilon, clipped to [0, 1]. */
function applied(problem: Problem, change: Float32Array): Float32Array {
  const scale = problem.epsilon / (norm(change) || 1);
  const point = problem.input.map((value, at) => value + scale * (change[at] ?? 0));
  project(point, problem.input, problem);
  return point;
}
