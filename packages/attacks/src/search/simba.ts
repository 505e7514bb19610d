import type { Random } from '@unpair/numerics';
import { addScaled } from '@unpair/numerics';
import { choiceOf, numberOf } from '@unpair/parameters';
import type { AttackDefinition, Problem } from '../attack.js';
import { gainOf } from '../goal.js';
import { cosineTransform } from '../transfer/separable.js';
import { BUDGET, SCORE_BASED } from './score-based.js';
import { Walk } from './walk.js';

const BASES = ['pixels', 'cosines'] as const;

/** The simplest search: coordinates in random order, a step back, else a step forth, kept if the score says so. */
export const simba: AttackDefinition<'logits'> = {
  name: 'simba',
  description: 'Steps along random coordinates, of pixels or of low frequencies, that the score approves of.',
  paper: 'Guo et al. 2019, arXiv 1905.07121',
  ...SCORE_BASED,
  needsSurrogate: false,
  parameters: {
    budget: BUDGET,
    basis: {
      type: 'choice',
      choices: BASES,
      default: 'pixels',
      description: 'Single pixels, or cosines: SimBA-DCT.',
    },
    frequencies: {
      type: 'number',
      min: 0.001,
      max: 1,
      default: 0.125,
      description: 'Of the cosines, the share of frequencies each way, the lowest.',
    },
    stepSize: {
      type: 'pixels',
      default: null,
      derived: {
        text: '0.2 (l2), epsilon (linf)',
        of: ({ norm, epsilon }) => (norm === 'l2' ? 0.2 : epsilon),
      },
      description: 'Length of a step along one coordinate.',
    },
  },
  *run(problem, parameters, random) {
    const walk = new Walk(problem, gainOf);
    const step = numberOf(parameters, 'stepSize');
    const share =
      choiceOf(parameters, 'basis', BASES) === 'pixels' ? null : numberOf(parameters, 'frequencies');
    const count = coordinates(problem, share);
    for (let asked = true; asked;) {
      asked = false;
      for (const coordinate of permutation(count, random)) {
        const direction = directionOf(problem, coordinate, share);
        for (const size of [-step, step]) {
          const candidate = walk.point.slice();
          addScaled(candidate, size, direction);
          const came = yield* walk.moveTo(candidate);
          asked ||= came !== 'same';
          if (came === 'moved') break;
        }
      }
    }
  },
};

/** How many of a side's frequencies there are. */
function lowest(side: number, share: number): number {
  return Math.max(1, Math.round(side * share));
}

function coordinates({ shape: [channels, height, width] }: Problem, share: number | null): number {
  return share === null ? channels * height * width : channels * lowest(height, share) * lowest(width, share);
}

/** A vector of norm 1: one pixel, or one pair of frequencies in one channel. */
function directionOf(
  { shape: [channels, height, width] }: Problem,
  coordinate: number,
  share: number | null,
): Float32Array {
  const direction = new Float32Array(channels * height * width);
  if (share === null) {
    direction[coordinate] = 1;
    return direction;
  }
  const across = lowest(width, share);
  const plane = lowest(height, share) * across;
  const [channel, rest] = [Math.floor(coordinate / plane), coordinate % plane];
  const [rows, columns] = [cosineTransform(height), cosineTransform(width)];
  for (let at = 0; at < height * width; at++) {
    const vertical = rows.values[Math.floor(rest / across) * height + Math.floor(at / width)] ?? 0;
    const horizontal = columns.values[(rest % across) * width + (at % width)] ?? 0;
    direction[channel * height * width + at] = vertical * horizontal;
  }
  return direction;
}

/** 0 to `count` − 1 in random order. */
function permutation(count: number, random: Random): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let last = count - 1; last > 0; last--) {
    const other = random.integer(last + 1);
    [order[last], order[other]] = [order[other] ?? 0, order[last] ?? 0];
  }
  return order;
}
