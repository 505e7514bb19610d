import type { Norm, Threat } from '@unpair/numerics';
import { addScaled, norm as euclidean, project } from '@unpair/numerics';
import type { ParameterSpec } from '@unpair/parameters';
import { numberOf } from '@unpair/parameters';
import type { AttackDefinition, Problem, Steps } from '../attack.js';
import { gainOf } from '../goal.js';
import { query } from '../requests.js';
import { stepUp } from '../transfer/ascent.js';
import { BUDGET, SCORE_BASED } from './score-based.js';

/** How near to −1 and 1 a guess counts as. */
const SUREST = 1e-6;

/** The authors' settings, by norm. */
const DEFAULTS: Readonly<Record<Norm, Record<'probe' | 'stepSize' | 'rate' | 'exploration', number>>> = {
  linf: { probe: 0.1, stepSize: 0.01, rate: 100, exploration: 1 },
  l2: { probe: 0.01, stepSize: 0.5, rate: 0.1, exploration: 0.01 },
};

function ofNorm(name: keyof (typeof DEFAULTS)['linf'], description: string): ParameterSpec {
  return {
    ...{ type: 'number', min: 1e-9, max: 1e6, default: null, description },
    derived: {
      text: `${DEFAULTS.linf[name]} (linf), ${DEFAULTS.l2[name]} (l2)`,
      of: ({ norm }: Threat) => DEFAULTS[norm][name],
    },
  };
}

/**
 * Bandits with priors over time and tiles: a guess of the gradient, constant in tiles, that two probes an iteration make
 * better. Probes are put into the ball, so that each is a candidate and none is asked twice.
 */
export const bandits: AttackDefinition<'logits'> = {
  name: 'bandits',
  description: 'Ascends a guess of the gradient, constant in tiles, that pairs of probes improve.',
  paper: 'Ilyas et al. 2019, arXiv 1807.07978',
  ...SCORE_BASED,
  needsSurrogate: false,
  parameters: {
    budget: BUDGET,
    probe: ofNorm('probe', 'Length of a probe, in l2.'),
    stepSize: ofNorm('stepSize', 'Length of a step in the norm of the threat.'),
    rate: ofNorm('rate', 'How fast the guess follows what the probes say.'),
    exploration: ofNorm('exploration', 'How far the probes of a pair lie apart, as a share of the guess.'),
    tile: {
      type: 'number',
      min: 0,
      max: 1,
      default: 0.5,
      description: 'Tiles each way, as a share of the side.',
    },
  },
  *run(problem, parameters, random) {
    const side = (length: number): number => Math.max(1, Math.round(length * numberOf(parameters, 'tile')));
    const [channels, height, width] = problem.shape;
    const tiles = { rows: side(height), columns: side(width) };
    const guess = new Float32Array(channels * tiles.rows * tiles.columns);
    const noise = new Float32Array(guess.length);
    const point = problem.input.slice();
    const exploration = numberOf(parameters, 'exploration');
    const probe = numberOf(parameters, 'probe');
    const ball = { centre: problem.input, threat: problem };
    for (;;) {
      random.fillNormal(noise);
      const scale = exploration / Math.sqrt(noise.length);
      const moved = (sign: number): Float32Array =>
        enlargedTo(
          problem,
          guess.map((value, i) => value + sign * scale * (noise[i] ?? 0)),
          tiles,
        );
      const rise = yield* riseBetween(problem, point, [moved(1), moved(-1)], probe);
      const slope = (rise / (probe * exploration)) * scale;
      follow(guess, noise, slope * numberOf(parameters, 'rate'), problem.norm);
      stepUp(point, enlargedTo(problem, guess, tiles), numberOf(parameters, 'stepSize'), ball);
    }
  },
};

/** By how much the gain is larger along the first direction than along the second; 0 where it is unknown. */
function* riseBetween(
  problem: Problem<'logits'>,
  point: Float32Array,
  directions: readonly Float32Array[],
  length: number,
): Steps<number, 'logits'> {
  const { input, goal, classes } = problem;
  const probes = new Float32Array(directions.length * point.length);
  directions.forEach((direction, row) => {
    const own = probes.subarray(row * point.length, (row + 1) * point.length);
    own.set(point);
    addScaled(own, length / (euclidean(direction) || 1), direction);
    project(own, input, problem);
  });
  const { logits } = yield* query(problem, probes, directions.length);
  const rise = gainOf(goal, logits, 0, classes) - gainOf(goal, logits, classes, classes);
  return Number.isNaN(rise) ? 0 : rise;
}

/** Moves the guess: by the exponentiated gradient within [−1, 1] under linf, by the gradient under l2. */
function follow(guess: Float32Array, noise: Float32Array, slope: number, norm: Norm): void {
  for (let i = 0; i < guess.length; i++) {
    const [value, by] = [guess[i] ?? 0, slope * (noise[i] ?? 0)];
    guess[i] = norm === 'l2' ? value + by : exponentiated(value, by);
  }
}

/** 2p′ − 1 for p = (value + 1) / 2 and odds p′ : 1 − p′ = p·e^by : (1 − p)·e^−by. */
export function exponentiated(value: number, by: number): number {
  // A guess that is quite sure could never change its mind. A logistic of log odds never overflows.
  const share = Math.min(1 - SUREST, Math.max(SUREST, (value + 1) / 2));
  return Math.tanh((Math.log(share / (1 - share)) + 2 * by) / 2);
}

/** Tiles [C, rows, columns] as an image: the nearest tile of each pixel. */
function enlargedTo(
  { shape: [channels, height, width] }: Problem,
  tiles: Float32Array,
  { rows, columns }: { readonly rows: number; readonly columns: number },
): Float32Array {
  return Float32Array.from({ length: channels * height * width }, (_, i) => {
    const [row, column] = [Math.floor(i / width) % height, i % width];
    const channel = Math.floor(i / (height * width));
    const tile = Math.floor((row * rows) / height) * columns + Math.floor((column * columns) / width);
    return tiles[channel * rows * columns + tile] ?? 0;
  });
}
