import type { Parameters } from '@unpair/parameters';
import { booleanOf, choiceOf, defaultsOf, numberOf } from '@unpair/parameters';
import type { AttackDefinition } from '../attack.js';
import { query } from '../requests.js';
import { shuffledBlocks, structure } from './blocks.js';
import { decayedFeatures } from './decayed-features.js';
import { diversity } from './input-diversity.js';
import { STEPS, search, stepSizeOf } from './iterative.js';
import { LOSS_NAMES, LOSSES } from './losses.js';
import { momentum } from './momentum.js';
import type { Ascent, GradientsAt, Part } from './part.js';
import { compose, parametersOf } from './part.js';
import { alongTheLast, flatMaxima, lookAhead, penalizedNorm } from './places.js';
import { resizedEnsemble } from './resized-ensemble.js';
import { smoothing } from './smoothing.js';
import { scales, spectrum } from './spectrum.js';
import { TRANSFERRED } from './transferred.js';
import { varianceTuning } from './variance.js';

/** What may fill each slot, the outermost slot first; `none` stands for nothing. */
export const SLOTS: Readonly<Record<string, Readonly<Record<string, readonly Part[]>>>> = {
  smooth: { none: [], ti: [smoothing] },
  tune: { none: [], vmi: [varianceTuning] },
  look: { none: [], ni: [lookAhead], emi: [alongTheLast], pgn: [penalizedNorm], mef: [flatMaxima] },
  input: {
    none: [],
    di: [diversity],
    si: [scales],
    'si-di': [scales, diversity],
    ssa: [spectrum],
    sia: [structure],
    bsr: [shuffledBlocks],
    dem: [resizedEnsemble],
    ilpd: [decayedFeatures],
  },
};

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  smooth: 'What is done to the gradient: smoothed as by TI-FGSM.',
  tune: 'What is added to the gradient: the variance of VMI-FGSM.',
  look: 'Where gradients are taken: as by NI-FGSM, EMI-FGSM, PGN or MEF.',
  input: 'What is done to the input: as by DI-FGSM, SI-FGSM, SSA, SIA, BSR, DEM or ILPD.',
};

/**
 * Gradient ascent with every slot for the campaign to fill: combinations that have no name. Its parts have their own
 * defaults.
 */
export const ascent: AttackDefinition<'labels'> = {
  name: 'ascent',
  description: 'Momentum gradient ascent on the surrogate, with parts to choose.',
  paper: 'the parts: see the attacks that they are named after',
  ...TRANSFERRED,
  parameters: {
    steps: STEPS,
    stepSize: stepSizeOf(1 / 10, 'epsilon / 10', 'Length of a step in the norm of the threat.'),
    randomStart: { type: 'boolean', default: false, description: 'Start at a random point of the ball.' },
    ...momentum().parameters,
    loss: {
      type: 'choice',
      choices: LOSS_NAMES,
      default: 'cross-entropy',
      description: 'What is climbed; DEM and ILPD bring their own.',
    },
    ...Object.fromEntries(
      Object.entries(SLOTS).map(([slot, fillings]) => [
        slot,
        {
          type: 'choice',
          choices: Object.keys(fillings),
          default: 'none',
          description: DESCRIPTIONS[slot] ?? slot,
        } as const,
      ]),
    ),
  },
  *run(problem, given, random) {
    const parts = [momentum(), ...Object.entries(SLOTS).flatMap(([slot, all]) => chosen(given, slot, all))];
    const parameters = { ...defaultsOf(parametersOf(parts)), ...given };
    const lossOf = LOSSES[choiceOf(given, 'loss', LOSS_NAMES)];
    const innermost: GradientsAt = function* (points, count) {
      return (yield* lossOf(problem, points, count)).gradients;
    };
    const plan = {
      steps: numberOf(given, 'steps'),
      stepSize: numberOf(given, 'stepSize'),
      randomStart: booleanOf(given, 'randomStart'),
      restarts: 1,
    };
    const slots = { plan, start: (one: Ascent) => compose(parts, innermost, one) };
    yield* query(problem, yield* search(problem, parameters, random, slots));
  },
};

function chosen(
  parameters: Parameters,
  slot: string,
  fillings: Readonly<Record<string, readonly Part[]>>,
): readonly Part[] {
  return fillings[choiceOf(parameters, slot, Object.keys(fillings))] ?? [];
}
