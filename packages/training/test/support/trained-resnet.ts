import type { Graph, Runtime } from '@unpair/graph';
import type { FineTuneSchedule, TrainingSamples } from '@unpair/training';
import { fineTune } from '@unpair/training';
import { brightSamples, smallResnet } from './bright-samples.js';

/** Sixteen steps over 128 samples, enough to tell {@link brightSamples} apart. */
export const SHORT_SCHEDULE: FineTuneSchedule = {
  seed: 1,
  epochs: 4,
  batch: 32,
  shards: 2,
  learningRate: { peak: 0.1, warmupEpochs: 0 },
  sgd: { momentum: 0.9, weightDecay: 1e-4, nesterov: true },
  labelSmoothing: 0,
  augmentation: { pad: 1, flip: true },
};

/** A {@link smallResnet}, with the weights of `seed` at first, that has learnt {@link brightSamples} or others like them. */
export function trainedResnet(
  runtime: Runtime,
  {
    seed = 3,
    samples = brightSamples(),
  }: { readonly seed?: number; readonly samples?: TrainingSamples } = {},
): Promise<Graph> {
  return fineTune({ graph: smallResnet(seed), runtime, samples, schedule: SHORT_SCHEDULE, judge: 'end' });
}
