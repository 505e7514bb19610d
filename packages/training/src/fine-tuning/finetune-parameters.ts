import type { Parameters, ParameterSpecs } from '@unpair/parameters';
import { choiceOf, numberOf } from '@unpair/parameters';
import type { Augmentation } from '../samples/augmentation.js';
import type { FineTuneSchedule } from '../train.js';
import type { TrainingSamples } from '../samples/samples.js';
import type { SampleDemand } from '../sibling.js';

/** How training descends. Networks without normalization of their own, such as those that are rounded, need Adam. */
export type Optimizer = 'sgd' | 'adam';

export interface FineTuneDefaults {
  readonly epochs: number;
  /** Largest learning rate; absent where the rate depends on how training descends (`descentParameters`). */
  readonly rate?: number;
  readonly batch: number;
  readonly samples: number;
}

const AUGMENTATIONS = ['shift-flip', 'shift', 'none'] as const;

/** The parameters of training, each name after `prefix` (`finetune.`, or nothing). */
export function finetuneParameters(
  prefix: string,
  { epochs, rate, batch, samples }: FineTuneDefaults,
): ParameterSpecs {
  const specs: ParameterSpecs = {
    epochs: {
      type: 'integer',
      min: 0,
      max: 10_000,
      default: epochs,
      description: 'Times that training sees every sample; 0 for none.',
    },
    ...(rate !== undefined && {
      rate: {
        type: 'number',
        min: 1e-9,
        max: 100,
        default: rate,
        description: 'Largest learning rate; it falls along a cosine to 0.',
      } as const,
    }),
    batch: { type: 'integer', min: 1, max: 65_536, default: batch, description: 'Samples of one step.' },
    samples: {
      type: 'integer',
      min: 1,
      default: samples,
      description: 'Training samples to use, from the first; all where there are fewer.',
    },
    augment: {
      type: 'choice',
      choices: AUGMENTATIONS,
      default: 'shift-flip',
      description: 'Random changes to training images: shifted by up to an eighth, mirrored left to right.',
    },
  };
  return Object.fromEntries(Object.entries(specs).map(([name, spec]) => [`${prefix}${name}`, spec]));
}

/** The schedule that resolved parameters ask for; undefined for no training. */
export function scheduleOf(
  prefix: string,
  parameters: Parameters,
  seed: number,
  { shape: [, height] }: TrainingSamples,
  optimizer: Optimizer = 'sgd',
): FineTuneSchedule | undefined {
  const epochs = numberOf(parameters, `${prefix}epochs`);
  if (epochs === 0) return undefined;
  return {
    seed,
    epochs,
    batch: numberOf(parameters, `${prefix}batch`),
    shards: 1,
    learningRate: { peak: numberOf(parameters, `${prefix}rate`), warmupEpochs: 0 },
    sgd: { momentum: 0.9, weightDecay: 1e-4, nesterov: true },
    adam: optimizer === 'adam' ? { betas: [0.9, 0.95], weightDecay: 0 } : undefined,
    labelSmoothing: 0,
    augmentation: augmentationOf(choiceOf(parameters, `${prefix}augment`, AUGMENTATIONS), height),
  };
}

/** Samples that training asks for: a batch at least. */
export function trainingDemand(prefix: string, parameters: Parameters): SampleDemand {
  const parameter = `${prefix}batch`;
  if (numberOf(parameters, `${prefix}epochs`) === 0) return { needed: 0, parameter, wanted: 0 };
  const needed = numberOf(parameters, parameter);
  return { needed, parameter, wanted: Math.max(needed, numberOf(parameters, `${prefix}samples`)) };
}

function augmentationOf(choice: (typeof AUGMENTATIONS)[number], height: number): Augmentation {
  const pad = choice === 'none' ? 0 : Math.max(1, Math.round(height / 8));
  return { pad, flip: choice === 'shift-flip' };
}
