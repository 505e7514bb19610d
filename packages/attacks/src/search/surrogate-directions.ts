import type { Norm, Random, Threat } from '@unpair/numerics';
import type { ParameterSpec } from '@unpair/parameters';
import { numberOf } from '@unpair/parameters';
import type { AttackDefinition, Problem, Steps } from '../attack.js';
import type { Goal } from '../goal.js';
import { gainOf, leadOf } from '../goal.js';
import { gradient } from '../requests.js';
import { bestBut } from '../transfer/losses.js';
import { BUDGET, SCORE_BASED } from './score-based.js';
import { Walk } from './walk.js';

/** Of a step by the sign of a whole direction, as a share of epsilon: our own, the authors have no linf form. */
const LINF_SHARE = 1 / 4;
/** The authors' 2.0 at √(.001·299·299·3) = 16.4. */
const GFCS_SHARE = 1 / 8;

/** Directions in which the surrogate's outputs vary, tried forth and back. */
export const simbaOds: AttackDefinition<'logits'> = {
  name: 'simba-ods',
  description: 'SimBA along gradients of random mixtures of the outputs of a surrogate.',
  paper: 'Tashiro et al. 2020, arXiv 2003.06878',
  ...SCORE_BASED,
  needsSurrogate: true,
  withoutPrior: 'simba',
  parameters: { budget: BUDGET, stepSize: stepSize('0.2 (l2), epsilon / 4 (linf)', () => 0.2) },
  *run(problem, parameters, random) {
    const walk = new Walk(problem, gainOf);
    while ((yield* tryOutputs(problem, walk, numberOf(parameters, 'stepSize'), random)) !== 'same');
  },
};

/**
 * Gradients first, coimage second: the surrogate's gradient of the margin between the classes that the target itself holds
 * likeliest, each surrogate once at a point; where all have failed, random mixtures of outputs.
 */
export const gfcs: AttackDefinition<'logits'> = {
  name: 'gfcs',
  description: 'Steps along margins of unused surrogates, else along random mixtures of their outputs.',
  paper: 'Lord et al. 2022, arXiv 2110.07014',
  ...SCORE_BASED,
  needsSurrogate: true,
  withoutPrior: 'simba',
  parameters: {
    budget: BUDGET,
    stepSize: stepSize('epsilon / 8 (l2), epsilon / 4 (linf)', ({ epsilon }) => epsilon * GFCS_SHARE),
  },
  *run(problem, parameters, random) {
    const step = numberOf(parameters, 'stepSize');
    const walk = new Walk(problem, leadOf);
    const everyone = Array.from({ length: problem.surrogates }, (_, i) => i);
    for (let unused = everyone; ;) {
      const [chosen] = unused.slice(random.integer(Math.max(1, unused.length)));
      let came: 'moved' | 'stayed' | 'same';
      if (chosen === undefined) came = yield* tryOutputs(problem, walk, step, random);
      else {
        const weights = marginOf(problem.goal, walk.logits);
        const { gradients } = yield* gradient(chosen, { kind: 'combination', weights }, walk.point);
        came = yield* walk.moveAlong(gradients, step);
      }
      if (came === 'same' && chosen === undefined) return;
      unused = came === 'moved' ? everyone : unused.filter((one) => one !== chosen);
    }
  },
};

function stepSize(text: string, ofL2: (threat: Threat) => number): ParameterSpec {
  const lengths: Readonly<Record<Norm, (threat: Threat) => number>> = {
    l2: ofL2,
    linf: ({ epsilon }) => epsilon * LINF_SHARE,
  };
  const of = (threat: Threat): number => lengths[threat.norm](threat);
  return {
    ...{ type: 'pixels', default: null, derived: { text, of } },
    description: 'Length of a step: of the unit direction in l2, of its sign in linf.',
  };
}

/** One direction of output-diversified sampling, w·logits for w uniform in [−1, 1], through a random surrogate. */
function* tryOutputs(
  problem: Problem,
  walk: Walk,
  step: number,
  random: Random,
): Steps<'moved' | 'stayed' | 'same', 'logits'> {
  const weights = Float32Array.from({ length: problem.classes }, () => 2 * random.uniform() - 1);
  const surrogate = random.integer(problem.surrogates);
  const { gradients } = yield* gradient(surrogate, { kind: 'combination', weights }, walk.point);
  return yield* walk.moveAlong(gradients, step);
}

/** +1 at the class that is to gain and −1 at the one that is to lose, as the target's answer has them. */
function marginOf(goal: Goal, logits: Float32Array): Float32Array {
  const named = goal.kind === 'avoid' ? goal.label : goal.class;
  const other = bestBut(logits, named);
  const weights = new Float32Array(logits.length);
  weights[named] = goal.kind === 'avoid' ? -1 : 1;
  weights[other] = goal.kind === 'avoid' ? 1 : -1;
  return weights;
}
