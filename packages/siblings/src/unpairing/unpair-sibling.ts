import type { Graph } from '@unpair/graph';
import { ModelError, applyQuantization, isQuantized, recoverQuantization } from '@unpair/graph';
import type { Parameters, ParameterSpec } from '@unpair/parameters';
import { booleanOf, choiceOf, numberOf } from '@unpair/parameters';
import type { SelectionRule } from './held-out.js';
import { splitHeldOut } from './held-out.js';
import type { UnpairingObjective, UnpairingTerm } from './objective.js';
import { PENALIZED, UNPAIRING_TERMS, unpairs } from './objective.js';
import { misfitOf } from './misfit.js';
import { unpair } from './unpair.js';
import { UnpairError } from '@unpair/errors';
import { sampleCount, trainedWeights } from '@unpair/training';
import type { TrainingSamples } from '@unpair/training';
import { descentOf, descentParameters, trainNormalized } from '@unpair/training';
import { finetuneParameters, trainingDemand } from '@unpair/training';
import type { SampleDemand, SiblingDefinition, SiblingRequest } from '@unpair/training';
import type { RoundedModel } from '../quantization/through-rounding.js';
import { trainThroughRounding } from '../quantization/through-rounding.js';

const TEACHERS = ['from', 'of'] as const;
const HELD_OUT_SPLITS = ['train', 'test'] as const;
/** Largest learning rates where the file says none. */
const RATES = { sgd: 0.05, adam: 0.001 } as const;
const share = { type: 'number', min: 0, max: 1 } as const;

/** Similarity-unpairing: fine-tuning that takes from a model what an attacker of another could use of it. */
export const unpairSibling: SiblingDefinition<'unpair'> = {
  name: 'unpair',
  rounding: 'keeps',
  description: 'Fine-tuning after which a published model says less about the full one.',
  maker: 'publisher',
  relation: 'unpaired-from',
  parameters: {
    adversarial: { ...share, default: 0.2, description: 'Part of a batch shown as it fools the target.' },
    noise: { ...share, default: 0, description: 'Part of a batch shown with uniform noise.' },
    path: {
      ...share,
      default: 0,
      description: 'Part of a batch shown on an attack’s path against the sibling, for penalties alone.',
    },
    pairs: {
      type: 'boolean',
      default: false,
      description: 'Whether images that are shown moved are shown clean as well.',
    },
    epsilon: {
      type: 'pixels',
      max: 1,
      default: 6 / 255,
      description: 'Radius, in the maximum norm, of the ball in which images are moved.',
    },
    steps: {
      type: 'integer',
      min: 0,
      max: 1000,
      default: 2,
      description: 'Gradient steps that move images.',
    },
    ...Object.fromEntries(UNPAIRING_TERMS.map((term) => [term.name, weightOf(term)])),
    penalized: {
      type: 'choice',
      choices: PENALIZED,
      default: 'all',
      description:
        'Rows on which terms about the target act: all, clean or moved ones; those of path always.',
    },
    warmup: {
      ...share,
      default: 0.02,
      description: 'Share of training over which the learning rate rises from 0.',
    },
    ramp: {
      ...share,
      default: 0,
      description: 'Share of training over which the weights of those terms rise.',
    },
    teacher: {
      type: 'choice',
      choices: TEACHERS,
      default: 'from',
      description: 'The model whose answers distillation follows.',
    },
    temperature: {
      type: 'number',
      min: 0.1,
      max: 100,
      default: 2,
      description: 'What logits are divided by before distillation compares them as probabilities.',
    },
    heldOut: {
      type: 'integer',
      min: 0,
      default: 1000,
      description: 'Samples that are measured on and not trained on: the last of their split.',
    },
    heldOutSplit: {
      type: 'choice',
      choices: HELD_OUT_SPLITS,
      default: 'train',
      description:
        'Split of those: train, where they are at most a fifth of the samples; test, which no model was trained on.',
    },
    maxAccuracyDrop: {
      ...share,
      default: 1,
      description:
        'Accuracy on those that may be lost; of such states the least transfer is kept. 1: the last state.',
    },
    patience: {
      type: 'integer',
      min: 0,
      default: 0,
      description: 'Epochs in a row that may bring nothing better before training stops; 0 for never.',
    },
    ...finetuneParameters('', { epochs: 4, batch: 64, samples: 50_000 }),
    ...descentParameters('', RATES),
  },
  misfit: (parameters) =>
    misfitOf({
      ...movedParts(parameters),
      ...ruleOf(parameters),
      heldOut: numberOf(parameters, 'heldOut'),
    }),
  trains: (parameters) => numberOf(parameters, 'epochs') > 0,
  demand: demandOf,
  derive: unpairModel,
};

function demandOf(parameters: Parameters): SampleDemand {
  const training = trainingDemand('', parameters);
  const count = numberOf(parameters, 'heldOut');
  const isHeld = choiceOf(parameters, 'heldOutSplit', HELD_OUT_SPLITS) === 'test' && count > 0;
  return isHeld && training.wanted > 0 ? { ...training, heldOut: { count, parameter: 'heldOut' } } : training;
}

function weightOf({ weight, description }: UnpairingTerm): ParameterSpec {
  return { type: 'number', min: 0, max: 1e6, default: weight, description };
}

/**
 * Unpairs a model from `target`; the model itself where the weights are all 0 or there are no epochs. A quantized model
 * is fine-tuned through its rounding and keeps its scales.
 * @throws {ModelError} when the model has no weights that can be fine-tuned
 * @throws {UnpairError} without a target or the held-out samples that it demands, for parts of a batch above 1 in
 * sum, for a choice among states without samples to measure them on, or when training collapses
 */
async function unpairModel(request: SiblingRequest): Promise<Graph> {
  const { graph, target, parameters } = request;
  if (target === undefined)
    throw new UnpairError('INVALID_ARGUMENT', 'unpairing needs a model to unpair from');
  const objective = objectiveOf(parameters);
  const schedule = descentOf(request, '', RATES, numberOf(parameters, 'warmup'));
  if (schedule === undefined || !unpairs(objective)) return graph;
  const { training, heldOut } = partsOf(request, schedule.batch);
  const selection = { ...ruleOf(parameters), heldOut };
  const options = { ...request, target, samples: training, schedule, objective, selection };
  if (isQuantized(graph)) {
    const through = (rounded: RoundedModel): Promise<Graph> => unpair({ ...options, ...rounded });
    return applyQuantization(await trainThroughRounding(recoverQuantization(graph), through));
  }
  if (trainedWeights(graph).length > 0) {
    return trainNormalized(request, schedule, (normalized) => unpair({ ...options, graph: normalized }));
  }
  throw new ModelError(
    `model "${graph.name}" has no weights to fine-tune; export it with its weights as constants`,
  );
}

function objectiveOf(parameters: Parameters): UnpairingObjective {
  const weights = UNPAIRING_TERMS.map(({ name }) => [name, numberOf(parameters, name)]);
  return {
    ...movedParts(parameters),
    pairs: booleanOf(parameters, 'pairs'),
    threat: { norm: 'linf', epsilon: numberOf(parameters, 'epsilon') },
    steps: numberOf(parameters, 'steps'),
    weights: Object.fromEntries(weights) as UnpairingObjective['weights'],
    penalized: choiceOf(parameters, 'penalized', PENALIZED),
    ramp: numberOf(parameters, 'ramp'),
    teacher: choiceOf(parameters, 'teacher', TEACHERS),
    temperature: numberOf(parameters, 'temperature'),
  };
}

/** Parts of a batch that are shown moved. */
function movedParts(parameters: Parameters): Pick<UnpairingObjective, 'adversarial' | 'noise' | 'path'> {
  const part = (name: string): number => numberOf(parameters, name);
  return { adversarial: part('adversarial'), noise: part('noise'), path: part('path') };
}

/** Samples to train on, and those to measure on. */
function partsOf(
  { samples, heldOut, parameters }: SiblingRequest,
  batch: number,
): { readonly training: TrainingSamples; readonly heldOut: TrainingSamples } {
  const count = numberOf(parameters, 'heldOut');
  const split = choiceOf(parameters, 'heldOutSplit', HELD_OUT_SPLITS);
  if (split === 'train' || count === 0) {
    const parts = splitHeldOut(samples, count, batch);
    if (count === 0 || ruleOf(parameters).maxAccuracyDrop >= 1 || sampleCount(parts.heldOut) > 0)
      return parts;
    const too = `heldOut of ${count} leaves none of ${sampleCount(samples)} samples beside a batch of ${batch}`;
    throw new UnpairError('INVALID_ARGUMENT', `${too}, but maxAccuracyDrop needs some: give more samples`);
  }
  if (heldOut !== undefined) return { training: samples, heldOut };
  throw new UnpairError('INVALID_ARGUMENT', `heldOut of ${count} needs samples of the test split, got none`);
}

function ruleOf(parameters: Parameters): SelectionRule {
  return {
    maxAccuracyDrop: numberOf(parameters, 'maxAccuracyDrop'),
    patience: numberOf(parameters, 'patience'),
  };
}
