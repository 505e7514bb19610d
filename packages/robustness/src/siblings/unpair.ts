import type { Graph } from '@unpair/graph';
import { ModelError, applyQuantization, isQuantized, recoverQuantization } from '@unpair/graph';
import type { Parameters } from '../attacks/attack.js';
import { numberOf } from '../attacks/parameters.js';
import type { UnpairingObjective } from '../defences/objective.js';
import { unpairs } from '../defences/objective.js';
import { unpair } from '../defences/unpair.js';
import { RobustnessError } from '../robustness-error.js';
import { trainedWeights } from '../training/parameters.js';
import { finetuneParameters, scheduleOf, trainingDemand } from './finetune-parameters.js';
import type { SiblingDefinition, SiblingRequest } from './sibling.js';
import type { RoundedModel } from './through-rounding.js';
import { trainThroughRounding } from './through-rounding.js';

const share = { type: 'number', min: 0, max: 1 } as const;
const weight = { type: 'number', min: 0, max: 1e6 } as const;

/** Similarity-unpairing: fine-tuning that takes from a model what an attacker of another could use of it. */
export const unpairSibling: SiblingDefinition<'unpair'> = {
  name: 'unpair',
  description: 'Fine-tuning after which a published model says less about the full one.',
  needsTarget: true,
  parameters: {
    adversarial: { ...share, default: 0.5, description: 'Part of a batch shown as it fools the target.' },
    noise: { ...share, default: 0, description: 'Part of a batch shown with uniform noise.' },
    epsilon: {
      type: 'pixels',
      default: 8 / 255,
      description: 'Radius, in the maximum norm, of the ball for both.',
    },
    steps: {
      type: 'integer',
      min: 0,
      max: 1000,
      default: 3,
      description: 'Gradient steps that fool the target.',
    },
    cosine: {
      ...weight,
      default: 1,
      description: 'Weight of the squared cosine of the two models’ input gradients.',
    },
    absoluteCosine: { ...weight, default: 0, description: 'Weight of its absolute value.' },
    smoothness: { ...weight, default: 0, description: 'Weight of the squared norm of the input gradient.' },
    ...finetuneParameters('', { epochs: 2, rate: 0.001, batch: 64, samples: 10_000 }),
  },
  demand: (parameters) => trainingDemand('', parameters),
  derive: unpairModel,
};

/**
 * Unpairs a model from `target`; the model itself where the weights are all 0 or there are no epochs. A quantized model
 * is fine-tuned through its rounding and keeps its scales.
 * @throws {ModelError} when the model has no weights that can be fine-tuned
 * @throws {RobustnessError} without a target, for parts of a batch above 1 in sum, or when training collapses
 */
export async function unpairModel(request: SiblingRequest): Promise<Graph> {
  const { graph, target, parameters, samples, seed } = request;
  if (target === undefined) throw new RobustnessError('unpairing needs a model to unpair from');
  const objective = objectiveOf(parameters);
  const schedule = scheduleOf('', parameters, seed, samples, 'adam');
  if (schedule === undefined || !unpairs(objective)) return graph;
  const options = { ...request, target, schedule, objective };
  if (isQuantized(graph)) {
    const through = (rounded: RoundedModel): Promise<Graph> => unpair({ ...options, ...rounded });
    return applyQuantization(await trainThroughRounding(recoverQuantization(graph), through));
  }
  if (trainedWeights(graph).length > 0) return unpair(options);
  throw new ModelError(
    `model "${graph.name}" has no weights to fine-tune; export it with its weights as constants`,
  );
}

function objectiveOf(parameters: Parameters): UnpairingObjective {
  const objective = {
    adversarial: numberOf(parameters, 'adversarial'),
    noise: numberOf(parameters, 'noise'),
    threat: { norm: 'linf', epsilon: numberOf(parameters, 'epsilon') },
    steps: numberOf(parameters, 'steps'),
    squaredCosine: numberOf(parameters, 'cosine'),
    absoluteCosine: numberOf(parameters, 'absoluteCosine'),
    gradientNorm: numberOf(parameters, 'smoothness'),
  } as const;
  if (objective.adversarial + objective.noise <= 1) return objective;
  throw new RobustnessError(
    `adversarial and noise must sum to 1 at most, got ${objective.adversarial} and ${objective.noise}`,
  );
}
