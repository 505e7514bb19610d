import type { Random } from '@unpair/numerics';
import { addScaled, distance, toPixel } from '@unpair/numerics';
import type { Problem, Steps } from '../attack.js';
import { isReached } from '../goal.js';
import { query } from '../requests.js';

/** Probes of one request. */
const PIECE = 32;

/** Asks at a point: whether it is on the goal's side. One query. */
export function* reaches(problem: Problem<'labels'>, point: Float32Array): Steps<boolean, 'labels'> {
  const [one = false] = yield* reachEach(problem, point, 1);
  return one;
}

/** The same of `count` points in one request, [count, n]. */
export function* reachEach(
  problem: Problem<'labels'>,
  points: Float32Array,
  count: number,
): Steps<readonly boolean[], 'labels'> {
  const { labels } = yield* query(problem, points, count);
  return Array.from(labels, (label) => isReached(problem.goal, label));
}

/** The first random image that is on the goal's side; asks until there is one. */
export function* farStart(problem: Problem<'labels'>, random: Random): Steps<Float32Array, 'labels'> {
  for (;;) {
    const far = problem.input.map(() => random.uniform());
    if (yield* reaches(problem, far)) return far;
  }
}

/** The way from the clean input to `point`: the share of it in l2, in linf the point in a box of that share. */
export function between({ input, norm }: Problem, point: Float32Array, share: number): Float32Array {
  const side = norm === 'linf' ? share * distance(point, input).linf : 0;
  return input.map((clean, i) => {
    const change = (point[i] ?? 0) - clean;
    return clean + (norm === 'l2' ? share * change : Math.min(side, Math.max(-side, change)));
  });
}

/** The nearest point that reaches the goal on the way to one that does, by halving until the rest is `tolerance` of it. */
export function* toBoundary(
  problem: Problem<'labels'>,
  point: Float32Array,
  tolerance: number,
): Steps<Float32Array, 'labels'> {
  const share = yield* halved(1, tolerance, (at) => reaches(problem, between(problem, point, at)));
  return share === 1 ? point : between(problem, point, share);
}

/** The least of [0, most] that is known to reach, where `most` does, by halving until what is left is `tolerance`. */
function* halved(
  most: number,
  tolerance: number,
  reachesAt: (at: number) => Steps<boolean, 'labels'>,
): Steps<number, 'labels'> {
  let [low, high] = [0, most];
  while (high - low > tolerance) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (yield* reachesAt(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** The point `length` along a direction from the clean input, clipped to [0, 1]. */
export function along({ input }: Problem, direction: ArrayLike<number>, length: number): Float32Array {
  return input.map((value, i) => toPixel(value + length * (direction[i] ?? 0)));
}

/** How far the boundary is along a direction if it is within `most`, else infinity: one query says so, halving the rest. */
export function* nearestAlong(
  problem: Problem<'labels'>,
  direction: ArrayLike<number>,
  most: number,
  tolerance: number,
): Steps<number, 'labels'> {
  if (!(yield* reaches(problem, along(problem, direction, most)))) return Infinity;
  return yield* halved(most, tolerance, (length) => reaches(problem, along(problem, direction, length)));
}

/** A point to ask at, and the step that stands for it in what is summed. */
export interface Probe {
  readonly point: Float32Array;
  readonly step: Float32Array;
}

/** What labels around a point come to. */
export interface Votes {
  /** Sum of the steps, those that do not reach the goal negative. */
  readonly signed: Float32Array;
  /** Sum of all steps. */
  readonly plain: Float32Array;
  /** Share of those that reach it less that of those that do not. */
  readonly mean: number;
}

/** Asks at `count` drawn probes, some at a time, so that memory does not grow with their number. */
export function* votesOf(
  problem: Problem<'labels'>,
  count: number,
  draw: () => Probe,
): Steps<Votes, 'labels'> {
  const size = problem.input.length;
  const [signed, plain] = [new Float32Array(size), new Float32Array(size)];
  let balance = 0;
  for (let done = 0; done < count; done += PIECE) {
    const drawn = Array.from({ length: Math.min(PIECE, count - done) }, draw);
    const points = new Float32Array(drawn.length * size);
    drawn.forEach(({ point }, row) => {
      points.set(point, row * size);
    });
    const reached = yield* reachEach(problem, points, drawn.length);
    drawn.forEach(({ step }, row) => {
      const vote = reached[row] === true ? 1 : -1;
      balance += vote;
      addScaled(signed, vote, step);
      addScaled(plain, 1, step);
    });
  }
  return { signed, plain, mean: balance / count };
}
