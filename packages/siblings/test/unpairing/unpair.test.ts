import type { Graph } from '@unpair/graph';
import { GraphBuilder, encodeModel, int } from '@unpair/graph';
import type { FineTuneProgress, Measures } from '@unpair/training';
import type { SelectionRule, UnpairOptions, UnpairingObjective } from '@unpair/siblings';
import { UNPAIRING_TERMS, unpair } from '@unpair/siblings';
import {
  consecutiveSamples,
  createDifferentiableClassifier,
  createFeatureExtractor,
} from '@unpair/classifiers';
import { fineTune, firstImages, firstSamples } from '@unpair/training';
import { mean } from '@unpair/numerics';
import { measureAccuracy, measureSimilarity } from '@unpair/measurements';
import { createRuntime } from '@unpair/runtime';
import { beforeAll, describe, expect, it } from 'vitest';
import { describeKept, isBetter, splitHeldOut } from '../../src/unpairing/held-out.js';
import { rowWeights } from '../../src/unpairing/objective.js';
import { foolingPoints, lossGradientsOf } from '../../src/unpairing/points.js';
import { planRows } from '../../src/unpairing/row-plan.js';
import { normalizedGram } from '../../src/unpairing/target-gram.js';
import { brightSamples } from '../../../training/test/support/bright-samples.js';
import { MemoryCheckpoints } from '../../../training/test/support/memory-checkpoints.js';
import { SHORT_SCHEDULE, trainedResnet } from '../../../training/test/support/trained-resnet.js';

const runtime = await createRuntime();
const samples = brightSamples();
const schedule = { ...SHORT_SCHEDULE, learningRate: { peak: 0.05, warmupEpochs: 0 } };

const nothing: UnpairingObjective = {
  adversarial: 0,
  noise: 0,
  path: 0,
  pairs: false,
  threat: { norm: 'linf', epsilon: 16 / 255 },
  steps: 2,
  weights: { crossEntropy: 1, distillation: 0, cosine: 0, absoluteCosine: 0, smoothness: 0, features: 0 },
  penalized: 'all',
  ramp: 0,
  teacher: 'of',
  temperature: 2,
};

const weighing = (weights: Partial<UnpairingObjective['weights']>): Pick<UnpairingObjective, 'weights'> => ({
  weights: { ...nothing.weights, ...weights },
});

/** Every term, every kind of row, every option. */
const everything: Partial<UnpairingObjective> = {
  ...{
    adversarial: 0.25,
    noise: 0.25,
    path: 0.25,
    pairs: true,
    penalized: 'clean',
    ramp: 0.5,
    teacher: 'from',
  },
  ...weighing({ distillation: 0.5, cosine: 1, absoluteCosine: 0.5, smoothness: 0.1, features: 0.5 }),
};

/** A target that has learned the samples. */
let target: Graph;

beforeAll(async () => {
  target = await trainedResnet(runtime);
});

/** Training on all but the last samples, which measure. */
function holding(count: number, rule: SelectionRule): Pick<UnpairOptions, 'samples' | 'selection'> {
  const { training, heldOut } = splitHeldOut(samples, count, schedule.batch);
  return { samples: training, selection: { ...rule, heldOut } };
}

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
  const similarity = await measureSimilarity([own], other, rows, settings);
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
    const cured = await compare(await unpaired({ noise: 0.5, ...weighing({ cosine: 8 }) }));
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

  it('gives the same bits twice, and when it goes on after a kill, with every term, row and option', async () => {
    const held = holding(24, { maxAccuracyDrop: 0.1, patience: 3 });
    const whole = encodeModel(await unpaired(everything, held));
    for (const killedAt of [2, 8]) {
      const checkpoints = new MemoryCheckpoints(3);
      const onStep = ({ step }: FineTuneProgress): void => {
        if (step === killedAt) throw new Error('killed');
      };
      await expect(unpaired(everything, { ...held, checkpoints, onStep })).rejects.toThrow('killed');
      expect(encodeModel(await unpaired(everything, { ...held, checkpoints }))).toEqual(whole);
    }
  });

  it('trains when every row is moved, and on pairs of moved and clean rows', async () => {
    const moved = await unpaired({ adversarial: 1 });
    const pairs = await unpaired({ adversarial: 1, pairs: true });
    expect(encodeModel(moved)).not.toEqual(encodeModel(pairs));
    expect((await compare(pairs)).accuracy).toBeGreaterThan(0.9);
  });

  it('lowers the alignment of features where there is a weight on it', async () => {
    const features = weighing({ features: 4 });
    const [plain, apart] = await Promise.all(
      [{ adversarial: 0.5 }, { adversarial: 0.5, ...features }].map((objective) => unpaired(objective)),
    );
    expect(await alignment(apart ?? target)).toBeLessThan((await alignment(plain ?? target)) - 0.1);
  });

  it('learns from the teacher what it says of the images before they were moved', async () => {
    const fooling = await foolingImages();
    const taught = await unpaired({
      adversarial: 0.5,
      ...weighing({ crossEntropy: 0, distillation: 1 }),
    });
    // The teacher is the target itself: of the moved images it says what is wrong.
    expect(await accuracyOn(taught, fooling)).toBeGreaterThan((await accuracyOn(target, fooling)) + 0.1);
  });

  it('says of a target without a last linear layer that it has no features', async () => {
    const b = new GraphBuilder('means');
    const image = b.input('image', 'float32', ['N', 3, 8, 8]);
    const channels = b.node(
      'Concat',
      [image, b.node('Slice', [image, ...[0, 1, 1].map((at) => b.vector([at]))])],
      {
        axis: int(1),
      },
    );
    b.output(b.node('Flatten', [b.node('GlobalAveragePool', [channels])]), 'float32', ['N', 4]);
    const options = { target: b.build() };
    await expect(unpaired(weighing({ features: 1 }), options)).rejects.toThrow('has no last linear layer');
  });

  it('refuses parts of a batch that are more than all of it', async () => {
    await expect(unpaired({ adversarial: 0.75, noise: 0.5 })).rejects.toThrow('got 0.75 with 0.5 and 0');
  });
});

describe('unpair with held-out samples', () => {
  const objective = { adversarial: 0.5, ...weighing({ cosine: 4 }) };
  const rule = { maxAccuracyDrop: 0.01, patience: 0 };

  it('measures the model before, after every epoch and at the end', async () => {
    const seen: FineTuneProgress[] = [];
    const held = holding(24, { maxAccuracyDrop: 1, patience: 0 });
    const last = await unpaired(objective, { ...held, onStep: (progress) => seen.push(progress) });
    const measured = seen.filter(({ measures }) => measures !== undefined);
    // 104 samples that are trained on fill 3 batches.
    expect(measured.map(({ step }) => step)).toEqual([1, 3, 6, 9, 12]);
    expect(measured[0]?.measures?.['cosine']).toBeCloseTo(1, 3);
    expect(measured[0]?.measures?.['heldOutAccuracy']).toBeGreaterThan(0.9);
    expect(Object.keys(measured[1]?.measures ?? {})).toEqual([
      ...['heldOutAccuracy', 'cosine', 'transfer', 'vanished'],
    ]);
    const { cosine = 1, transfer = 1, ...rest } = measured.at(-1)?.measures ?? {};
    expect(cosine).toBeLessThan(0.9);
    expect(transfer).toBeLessThanOrEqual(measured[0]?.measures?.['transfer'] ?? 0);
    expect(rest).toMatchObject({ keptStep: 12, keptTransfer: transfer, keptVanished: 0, keptWithinDrop: 1 });
    // The last state is kept, and measuring changes nothing of it.
    const unmeasured = await unpaired(objective, { samples: firstSamples(samples, 104) });
    expect(encodeModel(last)).toEqual(encodeModel(unmeasured));
  });

  it('keeps the state with the least transfer among those that are accurate enough', () => {
    const start = { heldOutAccuracy: 0.92, transfer: 1 };
    const states = [
      { heldOutAccuracy: 0.93, transfer: 0.8 },
      { heldOutAccuracy: 0.91, transfer: 0.5 },
      { heldOutAccuracy: 0.9, transfer: 0.1 },
      { heldOutAccuracy: 0.915, transfer: 0.5 },
      { heldOutAccuracy: 0.95, transfer: 0.6 },
    ];
    expect(best(rule, states, start)).toBe(3);
    expect(best(rule, states.slice(2, 3), start)).toBe(0);
    expect(describeKept(rule, { heldOutAccuracy: 0.9, transfer: 0.1 }, start)).toMatchObject({
      keptWithinDrop: 0,
    });
    expect(describeKept(rule, { heldOutAccuracy: 0.91, transfer: 0.1 }, start)).toMatchObject({
      keptWithinDrop: 1,
    });
  });

  it('keeps no state whose gradients vanish, however little transfers, while there is another', () => {
    const start = { heldOutAccuracy: 0.92, transfer: 1, vanished: 0 };
    const states = [
      { heldOutAccuracy: 0.92, transfer: 0.6, vanished: 0.05 },
      { heldOutAccuracy: 0.93, transfer: 0, vanished: 0.9 },
      { heldOutAccuracy: 0.91, transfer: 0.5, vanished: 0.09 },
      { heldOutAccuracy: 0.93, transfer: 0.01, vanished: 0.1 },
    ];
    expect(best(rule, states, start)).toBe(2);
    expect(best(rule, states.slice(1, 2), start)).toBe(0);
    // One that is not accurate enough is worse than one without gradients.
    expect(
      best(rule, [{ heldOutAccuracy: 0.8, transfer: 0, vanished: 0 }, ...states.slice(1, 2)], start),
    ).toBe(1);
    expect(describeKept(rule, { heldOutAccuracy: 0.9, transfer: 0, vanished: 0.9 }, start)).toMatchObject({
      keptVanished: 0.9,
    });
  });

  it('keeps the most accurate state where none is accurate enough, and the last with a drop of 1', () => {
    const start = { heldOutAccuracy: 0.92, transfer: 1 };
    const states = [
      { heldOutAccuracy: 0.8, transfer: 0.1 },
      { heldOutAccuracy: 0.85, transfer: 0.9 },
      { heldOutAccuracy: 0.7, transfer: 0 },
    ];
    expect(best(rule, states, start)).toBe(1);
    expect(best({ ...rule, maxAccuracyDrop: 1 }, states, start)).toBe(2);
  });

  it('refuses to choose without samples to measure on, and patience without a choice', async () => {
    await expect(unpaired(objective, holding(0, rule))).rejects.toThrow(
      'heldOut must be above 0 with a maxAccuracyDrop of 0.01, got 0',
    );
    const idle = holding(24, { maxAccuracyDrop: 1, patience: 2 });
    await expect(unpaired(objective, idle)).rejects.toThrow(
      'patience must be 0 unless maxAccuracyDrop is below 1, got 2',
    );
  });
});

describe('held-out samples', () => {
  it.each([
    [24, 32, 24],
    [1000, 32, 25],
    [24, 120, 8],
    [24, 200, 0],
    [0, 32, 0],
  ])('are the last %s of 128, and with batches of %s no more than %s', (count, batch, expected) => {
    const { training, heldOut } = splitHeldOut(samples, count, batch);
    expect(heldOut.labels).toEqual(samples.labels.slice(128 - expected));
    expect(heldOut.images).toHaveLength(expected * 192);
    expect(training.images).toEqual(samples.images.subarray(0, (128 - expected) * 192));
  });
});

describe('the rows of a batch', () => {
  it('shows moved images first, and clean ones once or beside them', () => {
    const parts = { adversarial: 0.5, noise: 0.25, path: 0, pairs: false };
    expect(planRows(parts, 4)).toEqual({
      kinds: ['adversarial', 'adversarial', 'noise', 'clean'],
      images: [0, 1, 2, 3],
      firstClean: 3,
    });
    expect(planRows({ ...parts, pairs: true }, 4).images).toEqual([0, 1, 2, 0, 1, 2, 3]);
    expect(planRows({ adversarial: 0.5, noise: 0, path: 0.5, pairs: false }, 3).kinds).toEqual([
      ...['adversarial', 'adversarial', 'path'],
    ]);
  });

  it('gives each its weight: no labels and no teacher on the path, penalties that rise', () => {
    const kinds = ['adversarial', 'noise', 'path', 'clean'] as const;
    const objective = { ...nothing, ...weighing({ distillation: 2, cosine: 4 }), ramp: 0.5 };
    const of = (name: string, progress: number, penalized: UnpairingObjective['penalized']): number[] => {
      const term = UNPAIRING_TERMS.find((known) => known.name === name);
      return term === undefined
        ? []
        : Array.from(rowWeights(term, kinds, { ...objective, penalized }, progress));
    };
    expect(of('crossEntropy', 0, 'all')).toEqual([1, 1, 0, 1]);
    expect(of('distillation', 0, 'all')).toEqual([2, 2, 0, 2]);
    expect(of('cosine', 0.25, 'all')).toEqual([2, 2, 2, 2]);
    expect(of('cosine', 0.5, 'clean')).toEqual([0, 0, 4, 4]);
    expect(of('cosine', 1, 'moved')).toEqual([4, 4, 4, 0]);
  });
});

/** Which of the states that epochs leave one after the other is kept. */
function best(rule: SelectionRule, states: readonly Measures[], start: Measures): number {
  return states.reduce(
    (kept, state, index) => (index > 0 && isBetter(rule, state, states[kept] ?? {}, start) ? index : kept),
    0,
  );
}

/** Linear CKA of the model's penultimate features with the target's over the samples. */
async function alignment(graph: Graph): Promise<number> {
  const count = samples.labels.length;
  const grams = await Promise.all(
    [graph, target].map(async (model) => {
      const extractor = await createFeatureExtractor({ graph: model, runtime });
      const features = await extractor?.features(firstImages(samples, count), count);
      await extractor?.close();
      return normalizedGram(features ?? new Float32Array(), count).data;
    }),
  );
  return (grams[0] ?? new Float32Array()).reduce(
    (sum, value, at) => sum + value * (grams[1]?.[at] ?? NaN),
    0,
  );
}

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
  const moved = await foolingPoints(points, lossGradientsOf(classifier), strong, { seed: 9, epoch: 0 });
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
