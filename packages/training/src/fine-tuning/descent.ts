import type { Graph } from '@unpair/graph';
import { foldBatchNormalization } from '@unpair/graph';
import type { ParameterSpecs } from '@unpair/parameters';
import { choiceOf, numberOf } from '@unpair/parameters';
import type { FineTuneSchedule } from '../train.js';
import { firstImages, sampleCount } from '../samples/samples.js';
import type { Optimizer } from './finetune-parameters.js';
import { scheduleOf } from './finetune-parameters.js';
import { canNormalize, withNormalization } from './normalization.js';
import type { SiblingRequest } from '../sibling.js';

const OPTIMIZERS = ['auto', 'sgd', 'adam'] as const;
/** Descent by gradients alone, as networks with normalization are trained from nothing. */
const SGD = { momentum: 0.9, weightDecay: 5e-4, nesterov: true } as const;
/** Share of training over which the rate rises. A model that classifies already loses much to first steps at the full rate. */
const WARMUP = 0.02;
/** Training samples that the moments of channels are measured on, for models whose normalization was folded. */
const NORMALIZED_ON = 512;

/** Largest learning rates where the file says none. */
export type Rates = Readonly<Record<Optimizer, number>>;

/** The parameters that say how training descends, each name after `prefix` (`finetune.`, or nothing). */
export function descentParameters(prefix: string, { sgd, adam }: Rates): ParameterSpecs {
  return {
    [`${prefix}optimizer`]: {
      type: 'choice',
      choices: OPTIMIZERS,
      default: 'auto',
      description: 'How training descends; auto: sgd for models with convolutions in floats, else adam.',
    },
    [`${prefix}rate`]: {
      type: 'number',
      min: 0,
      max: 100,
      default: 0,
      description: `Largest learning rate; it falls along a cosine to 0. 0: ${sgd} with sgd, ${adam} with adam.`,
    },
  };
}

/** The schedule that resolved parameters ask for, by the method that suits the model; undefined for no training. */
export function descentOf(
  { graph, parameters, seed, samples }: Pick<SiblingRequest, 'graph' | 'parameters' | 'seed' | 'samples'>,
  prefix: string,
  rates: Rates,
  warmup = WARMUP,
): FineTuneSchedule | undefined {
  const optimizer = optimizerOf(graph, choiceOf(parameters, `${prefix}optimizer`, OPTIMIZERS));
  const schedule = scheduleOf(prefix, parameters, seed, samples, optimizer);
  if (schedule === undefined) return undefined;
  const peak = numberOf(parameters, `${prefix}rate`) || rates[optimizer];
  return { ...schedule, sgd: SGD, learningRate: { peak, warmupEpochs: warmup * schedule.epochs } };
}

/** Without normalization, gradients differ in scale from channel to channel by more than one rate can serve. */
function optimizerOf(graph: Graph, choice: (typeof OPTIMIZERS)[number]): Optimizer {
  if (choice !== 'auto') return choice;
  return canNormalize(graph) ? 'sgd' : 'adam';
}

/**
 * Trains a model in floats with normalization where the method of descent needs it; one that came without leaves
 * without.
 * @throws {UnpairError} when the samples do not fit the model's input, and whatever `train` throws
 */
export async function trainNormalized(
  { graph, runtime, samples, signal }: Pick<SiblingRequest, 'graph' | 'runtime' | 'samples' | 'signal'>,
  schedule: FineTuneSchedule,
  train: (graph: Graph) => Promise<Graph>,
): Promise<Graph> {
  if (schedule.adam !== undefined) return train(graph);
  const count = Math.min(NORMALIZED_ON, sampleCount(samples));
  const seen = { runtime, samples: firstImages(samples, count), count, signal };
  const normalized = await withNormalization(graph, seen);
  const trained = await train(normalized);
  return normalized === graph ? trained : foldBatchNormalization(trained);
}
