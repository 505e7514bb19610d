import { GraphBuilder, decodeModel, encodeModel, recoverQuantization } from '@unpair/graph';
import type { Graph } from '@unpair/graph';
import type { FineTuneProgress, SampleDemand, SiblingRequest } from '@unpair/training';
import type { Parameters } from '@unpair/parameters';
import { argmax, consecutiveSamples, createClassifier } from '@unpair/classifiers';
import { firstImages, firstSamples } from '@unpair/training';
import { mean } from '@unpair/numerics';
import { measureAccuracy } from '@unpair/measurements';
import { quantizeModel, sampleDemand } from '@unpair/siblings';
import { createRuntime } from '@unpair/runtime';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { brightSamples } from '../../../training/test/support/bright-samples.js';
import { parametersOf, siblingCalled } from '../../../training/test/support/sibling-parameters.js';
import { trainedResnet } from '../../../training/test/support/trained-resnet.js';

const runtime = await createRuntime();
const samples = brightSamples();

let target: Graph;

beforeAll(async () => {
  target = await trainedResnet(runtime);
});

function quantized(weights: number): Promise<Graph> {
  const rounding = { weights, activations: 8, granularity: 'channel', scheme: 'asymmetric' };
  const parameters = { ...rounding, calibration: 32, ranges: 'min-max', 'finetune.epochs': 0 };
  return quantizeModel({ graph: target, runtime, samples, parameters, seed: 1 });
}

function unpaired(given: Parameters, options: Partial<SiblingRequest> = {}): Promise<Graph> {
  const parameters = parametersOf('unpair', { batch: 32, epochs: 1, ...given });
  const request = { graph: target, target, runtime, samples, parameters, seed: 1, ...options };
  return siblingCalled('unpair').derive(request);
}

describe('the unpaired sibling', () => {
  it('is the model itself where every weight is 0', async () => {
    const nothing = await unpaired({ adversarial: 0, cosine: 0 });
    expect(encodeModel(nothing)).toEqual(encodeModel(target));
  });

  it('is another model with the defaults, the same one twice', async () => {
    const [once, twice] = [encodeModel(await unpaired({})), encodeModel(await unpaired({}))];
    expect(once).toEqual(twice);
    expect(once).not.toEqual(encodeModel(target));
  });

  it('keeps more of the accuracy in the first steps where the rate rises', async () => {
    const losses = await Promise.all(
      [0, 1].map(async (warmup) => {
        const seen: number[] = [];
        const onStep = ({ loss }: FineTuneProgress): unknown => seen.push(loss);
        const plain = { adversarial: 0, cosine: 1, crossEntropy: 1, distillation: 0, optimizer: 'adam' };
        await unpaired({ ...plain, rate: 0.02, warmup }, { onStep });
        return seen;
      }),
    );
    const [full, rising] = losses.map((seen) => seen[1] ?? NaN);
    expect(rising).toBeLessThan(0.8 * (full ?? NaN));
  });

  it('says that training collapsed at a rate that diverges', async () => {
    const diverging = unpaired({ rate: 100, epochs: 4 });
    await expect(diverging).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  });

  it('fine-tunes a quantized model through its rounding: the same file with other integers', async () => {
    const graph = await quantized(4);
    // Far enough for weights to reach another of their few integers.
    const cured = await unpaired({ rate: 0.01, epochs: 2 }, { graph });
    expect(encodeModel(await unpaired({ rate: 0.01, epochs: 2 }, { graph }))).toEqual(encodeModel(cured));
    const [before, after] = [graph, cured].map((model) =>
      recoverQuantization(decodeModel(encodeModel(model))),
    );
    expect(after?.activations).toEqual(before?.activations);
    expect(after?.weights).toEqual(before?.weights);
    const integers = [graph, cured].map(({ initializers }) =>
      [...initializers.values()].filter(({ dataType, shape }) => dataType === 'int8' && shape.length > 1),
    );
    expect(integers[1]?.map(({ shape }) => shape)).toEqual(integers[0]?.map(({ shape }) => shape));
    expect(integers[1]).not.toEqual(integers[0]);
    const weights = integers[1]?.flatMap(({ data }) => Array.from(data, Number)) ?? [];
    expect(Math.max(...weights.map(Math.abs))).toBe(7);
  });

  it('yields a quantized file that onnxruntime runs as it is, and that classifies', async () => {
    const model = await unpaired({}, { graph: await quantized(8) });
    const session = await InferenceSession.create(encodeModel(model));
    const images = firstImages(samples, samples.labels.length);
    const feed = new Tensor('float32', images, [samples.labels.length, ...samples.shape]);
    const [logits] = Object.values(await session.run({ [model.inputs[0]?.name ?? '']: feed }));
    await session.release();
    const correct = samples.labels.filter(
      (label, row) => argmax(logits?.data as Float32Array, row * 4, 4) === label,
    );
    expect(correct.length / samples.labels.length).toBeGreaterThan(0.9);
  });

  it('leaves a quantized model as it is where there is nothing to do', async () => {
    const graph = await quantized(8);
    expect(await unpaired({ adversarial: 0, cosine: 0 }, { graph })).toBe(graph);
    expect(await unpaired({ epochs: 0 }, { graph })).toBe(graph);
  });

  it('refuses a model without weights, parts of a batch above 1, and to go without a target', async () => {
    const b = new GraphBuilder('means');
    const means = b.node('GlobalAveragePool', [b.input('image', 'float32', ['N', 3, 8, 8])]);
    b.output(b.node('Flatten', [means]), 'float32', ['N', 3]);
    await expect(unpaired({}, { graph: b.build() })).rejects.toThrow('has no weights to fine-tune');
    await expect(unpaired({ noise: 0.9 })).rejects.toThrow(
      'adversarial must be at most 1 together with noise and path, got 0.2 with 0.9 and 0',
    );
    await expect(unpaired({}, { target: undefined })).rejects.toThrow('needs a model to unpair from');
  });
});

describe('the samples that an unpaired sibling is measured on', () => {
  const other = brightSamples(24, 6);
  const test = { heldOut: 24, heldOutSplit: 'test', adversarial: 0.5, epochs: 3 };
  /** The same with every third label one off: nothing is right on more than two thirds of them. */
  const doubtful = {
    ...other,
    labels: other.labels.map((label, row) => (row % 3 === 0 ? (label + 1) % 4 : label)),
  };

  async function told(
    given: Parameters,
    options: Partial<SiblingRequest>,
  ): Promise<{ readonly bytes: Uint8Array; readonly seen: readonly FineTuneProgress[] }> {
    const seen: FineTuneProgress[] = [];
    const onStep = (progress: FineTuneProgress): unknown => seen.push(progress);
    return { bytes: encodeModel(await unpaired(given, { ...options, onStep })), seen };
  }

  it('are demanded of the test split where it is named, training goes on and some are wanted', () => {
    const demandOf = (given: Parameters): SampleDemand =>
      sampleDemand(siblingCalled('unpair'), parametersOf('unpair', given));
    const training = { needed: 64, parameter: 'batch', wanted: 50_000 };
    expect(demandOf({})).toEqual(training);
    expect(demandOf(test)).toEqual({ ...training, heldOut: { count: 24, parameter: 'heldOut' } });
    expect(demandOf({ ...test, heldOut: 0 })).toEqual(training);
    expect(demandOf({ ...test, epochs: 0 })).not.toHaveProperty('heldOut');
  });

  it('of the training split are its last, which are not trained on', async () => {
    const last = await told({ ...test, heldOutSplit: 'train' }, { heldOut: other });
    const unmeasured = await unpaired(
      { ...test, heldOutSplit: 'train', heldOut: 0 },
      { samples: firstSamples(samples, 104) },
    );
    expect(last.bytes).toEqual(encodeModel(unmeasured));
    expect(last.seen).toHaveLength(9);
  });

  it('of the test split are those that are given, and all training samples are trained on', async () => {
    const measured = await told(test, { heldOut: other });
    const unmeasured = encodeModel(await unpaired({ ...test, heldOut: 0 }));
    expect(measured.bytes).toEqual(unmeasured);
    // 128 samples are 4 batches, 104 would be 3.
    expect(measured.seen.filter(({ measures }) => measures).map(({ step }) => step)).toEqual([1, 4, 8, 12]);
    expect(measured.seen[0]?.measures?.['heldOutAccuracy']).toBeGreaterThan(0.8);
  });

  it('choose the outcome: what is said of it is what it does on them', async () => {
    const { bytes, seen } = await told({ ...test, maxAccuracyDrop: 0.1 }, { heldOut: doubtful });
    const { keptHeldOutAccuracy = 1 } = seen.at(-1)?.measures ?? {};
    expect(keptHeldOutAccuracy).toBeLessThanOrEqual(2 / 3);
    const kept = await createClassifier({ graph: decodeModel(bytes), runtime });
    const rows = consecutiveSamples(0, firstImages(doubtful, 24), doubtful.labels);
    const right = await measureAccuracy(kept, rows, { batchSize: 24 });
    await kept.close();
    expect(mean(right.map(({ label, predicted }) => Number(predicted === label)))).toBe(keptHeldOutAccuracy);
  });

  it('must be there where they are asked for', async () => {
    await expect(unpaired(test)).rejects.toThrow('heldOut of 24 needs samples of the test split, got none');
    await expect(unpaired({ ...test, heldOut: 0, maxAccuracyDrop: 0.1 })).rejects.toThrow(
      'heldOut must be above 0 with a maxAccuracyDrop of 0.1, got 0',
    );
    await expect(unpaired({ heldOut: 24, batch: 128, maxAccuracyDrop: 0.1 })).rejects.toThrow(
      'heldOut of 24 leaves none of 128 samples beside a batch of 128, but maxAccuracyDrop needs some',
    );
  });
});

describe('how unpairing descends', () => {
  const one = { epochs: 1, adversarial: 0.25 };

  it('is by gradients alone for models with normalization, where the file does not say', async () => {
    const [auto, sgd, adam] = await Promise.all(
      ['auto', 'sgd', 'adam'].map(async (optimizer) => encodeModel(await unpaired({ ...one, optimizer }))),
    );
    expect(auto).toEqual(sgd);
    expect(auto).not.toEqual(adam);
  });

  it('is by Adam for quantized models, whose normalization is folded, at a rate of its own', async () => {
    const graph = await quantized(8);
    const [auto, adam, sgd] = await Promise.all(
      [{}, { optimizer: 'adam', rate: 0.001 }, { optimizer: 'sgd', rate: 0.001 }].map(async (given) =>
        encodeModel(await unpaired({ ...one, ...given }, { graph })),
      ),
    );
    expect(auto).toEqual(adam);
    expect(auto).not.toEqual(sgd);
  });
});
