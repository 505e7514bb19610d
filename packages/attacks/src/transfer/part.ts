import type { ParameterSpecs, Parameters } from '@unpair/parameters';
import type { Random } from '@unpair/numerics';
import type { Problem, Steps } from '../attack.js';

/** Asks for the gradient at each of `count` points, [count, n]; the answer holds until the next request. */
export type GradientsAt = (points: Float32Array, count: number) => Steps<Float32Array>;

/** One ascent on one sample, as its parts see it. */
export interface Ascent {
  readonly problem: Problem;
  readonly parameters: Parameters;
  readonly random: Random;
  /** How far a step moves each pixel: its length under linf, that over √n under l2. */
  readonly pixelStep: number;
  /** What was accumulated before this step, [n]; zeros where nothing accumulates. */
  readonly momentum: Float32Array;
}

/**
 * One part of an iterative attack: it changes where, of what, or how the gradient of a step is taken, by wrapping what
 * asks for it. Parts compose from the outside in: momentum of the tuned gradient at the look-ahead of transformed copies.
 */
export interface Part {
  readonly parameters: ParameterSpecs;
  /** Starts the part on one ascent: what it returns may keep state from step to step. */
  wrap(inner: GradientsAt, ascent: Ascent): GradientsAt;
}

/** `points` as one inside the other: the first part is the outermost. */
export function compose(parts: readonly Part[], innermost: GradientsAt, ascent: Ascent): GradientsAt {
  return parts.reduceRight((inner, part) => part.wrap(inner, ascent), innermost);
}

/** The parameters of all parts, the outermost first. */
export function parametersOf(parts: readonly Part[]): ParameterSpecs {
  return Object.assign({}, ...parts.map(({ parameters }) => parameters)) as ParameterSpecs;
}

/** An amount of the threat's norm as the change of one pixel: in l2 that of a change that is the same everywhere. */
export function perPixel(amount: number, { norm, input }: Pick<Problem, 'norm' | 'input'>): number {
  return norm === 'linf' ? amount : amount / Math.sqrt(input.length);
}

/** 1 over the mean absolute value; 0 of a vector without one. */
export function inverseMean(vector: Float32Array): number {
  let sum = 0;
  for (const value of vector) sum += Math.abs(value);
  return sum > 0 ? vector.length / sum : 0;
}

/** Row `row` of `rows` [count, size]. */
export function rowOf(rows: Float32Array, row: number, size: number): Float32Array {
  return rows.subarray(row * size, (row + 1) * size);
}

/** `count` points, each pixel uniform within `reach` of the point's; they may leave [0, 1], as the authors' do. */
export function neighboursOf(
  point: Float32Array,
  count: number,
  reach: number,
  random: Random,
): Float32Array {
  return Float32Array.from(
    { length: count * point.length },
    (_, i) => (point[i % point.length] ?? 0) + (2 * random.uniform() - 1) * reach,
  );
}
