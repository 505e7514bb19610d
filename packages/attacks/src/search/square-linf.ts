import type { Random } from '@unpair/numerics';
import { toPixel } from '@unpair/numerics';
import type { AttackRun, Problem } from '../attack.js';
import { query } from '../requests.js';
import { squareLoss } from './square-loss.js';
import { changedShare } from './square-schedule.js';
import type { SquareSettings } from './square-settings.js';

/** Square under linf: vertical stripes of ±epsilon (or another start), then squares of ±epsilon with one sign a channel. */
export function* squareLinf(
  problem: Problem<'logits'>,
  settings: SquareSettings,
  random: Random,
  start?: Float32Array,
): AttackRun<'logits'> {
  const [channels, height, width] = problem.shape;
  const best = start ?? stripes(problem, random);
  let lowest = squareLoss(problem.goal, (yield* query(problem, best)).logits);
  for (let iteration = 0; ; iteration++) {
    const share = changedShare(settings.pInit, iteration, settings.budget);
    const side = Math.min(Math.max(Math.round(Math.sqrt(share * height * width)), 1), height, width);
    const window: Window = {
      top: random.integer(height - side + 1),
      left: random.integer(width - side + 1),
      side,
    };
    const before = new Float32Array(channels * side * side);
    copyWindow(best, problem, window, before);
    while (!paint(best, problem, window, random));
    const { logits } = yield* query(problem, best);
    const loss = squareLoss(problem.goal, logits);
    if (loss < lowest) lowest = loss;
    else restoreWindow(best, problem, window, before);
  }
}

interface Window {
  readonly top: number;
  readonly left: number;
  readonly side: number;
}

/** The clean input with one sign of epsilon for each channel and column. */
function stripes({ input, shape, epsilon }: Problem, random: Random): Float32Array {
  const [channels, height, width] = shape;
  const start = new Float32Array(input.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let column = 0; column < width; column++) {
      const change = sign(random) * epsilon;
      for (let row = 0; row < height; row++) {
        const at = (channel * height + row) * width + column;
        start[at] = toPixel((input[at] ?? 0) + change);
      }
    }
  }
  return start;
}

/** Sets the window to clean ± epsilon, one sign a channel. Returns whether any pixel changed. */
function paint(point: Float32Array, problem: Problem, window: Window, random: Random): boolean {
  const { input, epsilon } = problem;
  let changed = false;
  for (let channel = 0; channel < problem.shape[0]; channel++) {
    const change = sign(random) * epsilon;
    forEachPixel(problem, window, channel, (at) => {
      const value = Math.fround(toPixel((input[at] ?? 0) + change));
      changed ||= value !== point[at];
      point[at] = value;
    });
  }
  return changed;
}

function copyWindow(from: Float32Array, problem: Problem, window: Window, to: Float32Array): void {
  let index = 0;
  for (let channel = 0; channel < problem.shape[0]; channel++) {
    forEachPixel(problem, window, channel, (at) => (to[index++] = from[at] ?? 0));
  }
}

function restoreWindow(to: Float32Array, problem: Problem, window: Window, from: Float32Array): void {
  let index = 0;
  for (let channel = 0; channel < problem.shape[0]; channel++) {
    forEachPixel(problem, window, channel, (at) => (to[at] = from[index++] ?? 0));
  }
}

function forEachPixel(
  { shape: [, height, width] }: Problem,
  { top, left, side }: Window,
  channel: number,
  visit: (at: number) => void,
): void {
  for (let row = top; row < top + side; row++) {
    const first = (channel * height + row) * width + left;
    for (let at = first; at < first + side; at++) visit(at);
  }
}

const sign = (random: Random): number => (random.integer(2) === 0 ? -1 : 1);
