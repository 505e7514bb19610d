import { encodeModel } from '@unpair/graph';
import type { Graph } from '@unpair/graph';
import type { FineTuneProgress, UnpairOptions, UnpairingObjective } from '@unpair/robustness';
import {
  consecutiveSamples,
  createDifferentiableClassifier,
  fineTune,
  firstImages,
  mean,
  measureAccuracy,
  measureSimilarity,
  unpair,
} from '@unpair/robustness';
import { createRuntime } from '@unpair/runtime';
import { beforeAll, describe, expect, it } from 'vitest';
import { foolingPoints } from '../../src/defences/points.js';
import { brightSamples, smallResnet } from '../support/bright-samples.js';
import { MemoryCheckpoints } from '../support/memory-checkpoints.js';

const runtime = await createRuntime();
const samples = brightSamples();
const schedule = {
  seed: 1,
  epochs: 4,
  batch: 32,
  shards: 2,
  learningRate: { peak: 0.05, warmupEpochs: 0 },
  sgd: { momentum: 0.9, weightDecay: 1e-4, nesterov: true },
  labelSmoothing: 0,
  augmentation: { pad: 1, flip: true },
} as const;
const training = { ...schedule, learningRate: { peak: 0.1, warmupEpochs: 0 } };

const nothing: UnpairingObjective = {
  adversarial: 0,
  noise: 0,
  threat: { norm: 'linf', epsilon: 16 / 255 },
  steps: 2,
  squaredCosine: 0,
  absoluteCosine: 0,
  gradientNorm: 0,
};

/** A target that has learned the samples. */
let target: Graph;

beforeAll(async () => {
  target = await fineTune({ graph: smallResnet(), runtime, samples, schedule: training, judge: 'end' });
});

async function unpaired(
  objective: Partial<UnpairingObjective>,
  options: Partial<UnpairOptions> = {},
): Promise<Graph> {
  const complete = { ...nothing, ...objective };
  return unpair({ graph: target, target, runtime, samples, schedule, objective: complete, ...options });
}

/** Mean absolute cosine to the target over the samples, and how often the model is right on points of its choice. */
async function compare(graph: Graph): Promise<{ readonly cosine: number; readonly accuracy: number }> {
  const [own, other] = await Promise.all(
    [graph, target].map((model) => createDifferentiableClassifier({ graph: model, runtime })),
  );
  if (own === undefined || other === undefined) throw new Error('two models');
  const images = firstImages(samples, samples.labels.length);
  const rows = consecutiveSamples(0, images, samples.labels);
  const threat = { norm: 'linf', epsilon: 8 / 255 } as const;
  const settings = { inputs: 'clean', threat, seed: 1, batchSize: 64 } as const;
  const similarity = await measureSimilarity(own, other, rows, settings);
  const right = await measureAccuracy(own, rows, { batchSize: 64 });
  await Promise.all([own.close(), other.close()]);
  return {
    cosine: mean(similarity.map(({ cosine }) => Math.abs(cosine))),
    accuracy: mean(right.map(({ label, predicted }) => Number(predicted === label))),
  };
}

describe('unpair', () => {
  it('leaves a model as it is where the objective asks for nothing', async () => {
    expect(await unpaired({})).toBe(target);
    expect(await unpaired({ noise: 0.5 })).toBe(target);
  });

  it('turns the input gradient away from the target, and stays accurate', async () => {
    const plain = await compare(await fineTune({ graph: target, runtime, samples, schedule }));
    const cured = await compare(await unpaired({ squaredCosine: 8, noise: 0.5 }));
    expect(plain.cosine).toBeGreaterThan(0.5);
    expect(cured.cosine).toBeLessThan(0.7 * plain.cosine);
    expect(cured.accuracy).toBeGreaterThan(0.9);
  });

  it('is right on more of what fools the target when that is in its batches', async () => {
    const fooling = await foolingImages();
    const before = await accuracyOn(target, fooling);
    const after = await accuracyOn(await unpaired({ adversarial: 0.5 }), fooling);
    expect(after).toBeGreaterThan(before + 0.1);
  });

  it('gives the same bits twice, and when it goes on after a kill', async () => {
    const objective = { adversarial: 0.25, noise: 0.25, squaredCosine: 1 };
    const whole = encodeModel(await unpaired(objective));
    const checkpoints = new MemoryCheckpoints(3);
    const onStep = ({ step }: FineTuneProgress): void => {
      if (step === 8) throw new Error('killed');
    };
    await expect(unpaired(objective, { checkpoints, onStep })).rejects.toThrow('killed');
    expect(encodeModel(await unpaired(objective, { checkpoints }))).toEqual(whole);
  });

  it('refuses parts of a batch that are more than all of it', async () => {
    await expect(unpaired({ adversarial: 0.75, noise: 0.5 })).rejects.toThrow('got 0.75 and 0.5');
  });
});

/** The samples where the target is fooled at the objective's epsilon, by more steps than training takes. */
async function foolingImages(): Promise<Float32Array> {
  const classifier = await createDifferentiableClassifier({ graph: target, runtime });
  const count = samples.labels.length;
  const points = {
    images: firstImages(samples, count),
    labels: samples.labels,
    indices: Array.from({ length: count }, (_, index) => index),
  };
  const strong = { threat: nothing.threat, steps: 10 };
  const moved = await foolingPoints(points, classifier, strong, { seed: 9, epoch: 0 });
  await classifier.close();
  return moved;
}

async function accuracyOn(graph: Graph, images: Float32Array): Promise<number> {
  const classifier = await createDifferentiableClassifier({ graph, runtime });
  const rows = consecutiveSamples(0, images, samples.labels);
  const accuracy = await measureAccuracy(classifier, rows, { batchSize: 64 });
  await classifier.close();
  return mean(accuracy.map(({ label, predicted }) => Number(predicted === label)));
}
