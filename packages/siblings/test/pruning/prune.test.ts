import type { Graph } from '@unpair/graph';
import { encodeModel, summarizeModel } from '@unpair/graph';
import type { Parameters } from '@unpair/parameters';
import type { SiblingRequest } from '@unpair/training';
import { crossEntropy } from '@unpair/classifiers';
import { mean } from '@unpair/numerics';
import { pruneModel, quantizeModel } from '@unpair/siblings';
import { trainedWeights } from '@unpair/training';
import { createOnnxRuntime } from '@unpair/runtime';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { sparsityAt } from '../../src/pruning/magnitude.js';
import { logitsOf, predictions } from '../../../training/test/support/answers.js';
import { brightSamples } from '../../../training/test/support/bright-samples.js';
import { parametersOf } from '../../../training/test/support/sibling-parameters.js';
import { trainedResnet } from '../../../training/test/support/trained-resnet.js';

const runtime = createOnnxRuntime();
const samples = brightSamples();

const tuned = (kind: string, given: Parameters): Parameters =>
  parametersOf(kind, { 'finetune.batch': 32, ...given });

/** Zeros and elements of the filters and matrices. */
function zerosOf(graph: Graph): { readonly zeros: number; readonly all: number; readonly layers: number[] } {
  const weights = trainedWeights(graph).flatMap((name) => {
    const tensor = graph.initializers.get(name);
    return tensor?.dataType === 'float32' && tensor.shape.length > 1 ? [tensor.data] : [];
  });
  const zeros = weights.map((data) => data.filter((weight) => weight === 0).length);
  const all = weights.reduce((sum, data) => sum + data.length, 0);
  return {
    zeros: zeros.reduce((sum, count) => sum + count, 0),
    all,
    layers: zeros.map((count, layer) => count / (weights[layer]?.length ?? 1)),
  };
}

describe('sparsityAt', () => {
  it('rises from 0 along a cubic and rests at the end', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 0.99, noNaN: true }),
        fc.integer({ min: 1, max: 500 }),
        (sparsity, steps) => {
          const course = Array.from({ length: steps + 1 }, (_, step) =>
            sparsityAt({ sparsity, steps }, step),
          );
          expect(course).toEqual(course.toSorted((a, b) => a - b));
          expect(course[0]).toBe(0);
          expect(course.at(-1)).toBeCloseTo(sparsity, 12);
        },
      ),
    );
    expect(sparsityAt({ sparsity: 0.8, steps: 100 }, 15)).toBeCloseTo(0.8 * (1 - 0.125), 12);
  });
});

describe('pruneModel', () => {
  let graph: Graph;
  const request = (given: Parameters): SiblingRequest => ({
    graph,
    runtime,
    samples,
    seed: 4,
    parameters: tuned('prune', given),
  });
  beforeAll(async () => {
    graph = await trainedResnet(runtime);
  });

  it('leaves exactly the share of zeros that was asked for, over all layers or in each', async () => {
    const everywhere = zerosOf(await pruneModel(request({ sparsity: 0.75, 'finetune.epochs': 0 })));
    expect(everywhere.zeros).toBe(Math.round(0.75 * everywhere.all));
    const plain = zerosOf(
      await pruneModel(request({ sparsity: 0.75, scope: 'global', 'finetune.epochs': 0 })),
    );
    expect(plain.zeros).toBe(everywhere.zeros);
    expect(plain.layers).not.toEqual(everywhere.layers);
    const parameters = { sparsity: 0.5, scope: 'layer', 'finetune.epochs': 0 };
    const { layers } = zerosOf(await pruneModel(request(parameters)));
    for (const share of layers) expect(share).toBeCloseTo(0.5, 1);
    expect(new Set(everywhere.layers.map((share) => share.toFixed(1))).size).toBeGreaterThan(1);
  });

  it('keeps zeros exact through fine-tuning, and moves the rest', async () => {
    const pruned = await pruneModel(request({ sparsity: 0.9, 'finetune.epochs': 3 }));
    const { zeros, all } = zerosOf(pruned);
    expect(zeros).toBe(Math.round(0.9 * all));
    expect(summarizeModel(pruned).parameters).toBe(summarizeModel(graph).parameters);
    expect(encodeModel(pruned)).not.toEqual(
      encodeModel(await pruneModel(request({ sparsity: 0.9, 'finetune.epochs': 0 }))),
    );
  });

  it.each(['lamp', 'layer'])('removes channels, %s', async (scope) => {
    const parameters = { structure: 'channels', sparsity: 0.5, scope, 'finetune.epochs': 1 };
    const smaller = await pruneModel(request(parameters));
    const [before, after] = [summarizeModel(graph), summarizeModel(smaller)];
    expect(after.parameters).toBeLessThan(0.5 * before.parameters);
    expect(after.macs ?? Infinity).toBeLessThan(0.6 * (before.macs ?? 0));
    expect(after.outputs).toEqual(before.outputs);
  });

  it('learns from labels, or as far as it is told to from the whole model', async () => {
    // Labels call the last of four classes by the name of the first; the whole model tells them apart.
    const labels = samples.labels.map((label) => label % 3);
    const told = async (alpha: number, structure: string): Promise<number> => {
      const given = { structure, sparsity: 0.25, 'finetune.epochs': 8, 'finetune.alpha': alpha };
      const pruned = await pruneModel({ ...request(given), samples: { ...samples, labels } });
      const last = (await predictions(pruned, runtime, samples)).filter(
        (_, row) => samples.labels[row] === 3,
      );
      return mean(last.map((answer) => Number(answer === 3)));
    };
    for (const structure of ['weights', 'channels']) {
      expect(await told(0, structure)).toBeLessThan(0.4);
      expect(await told(1, structure)).toBeGreaterThan(0.8);
    }
  });

  it('refuses a quantized model, and says what to prune instead', async () => {
    const parameters = tuned('quantize', { calibration: 32 });
    const int8 = await quantizeModel({ graph, runtime, samples, seed: 0, parameters });
    const pruning = pruneModel({ ...request({}), graph: int8 });
    await expect(pruning).rejects.toThrow('it is quantized, so prune the model that it was made of');
  });

  it('fine-tunes rounded weights back to the accuracy that rounding cost', async () => {
    const quantized = (epochs: number): Promise<Graph> =>
      quantizeModel({
        ...request({}),
        parameters: tuned('quantize', {
          weights: 2,
          calibration: 64,
          ranges: 'mse',
          'finetune.epochs': epochs,
          'finetune.rate': 0.003,
        }),
      });
    const [before, after] = [await lossOf(await quantized(0)), await lossOf(await quantized(3))];
    expect(after).toBeLessThan(0.8 * before);
    // Weights of two bits are -1, 0 or 1 times their scale.
    const bytes = [...(await quantized(3)).initializers.values()].filter(
      ({ dataType, shape }) => dataType === 'int8' && shape.length > 1,
    );
    expect(new Set(bytes.flatMap(({ data }) => [...data].map(Number)))).toEqual(new Set([-1, 0, 1]));
  });
});

/** Mean cross-entropy on the training samples as they are. */
async function lossOf(graph: Graph): Promise<number> {
  const logits = await logitsOf(graph, runtime, samples);
  return mean(
    [...samples.labels].map((label, row) => crossEntropy(logits.subarray(4 * row, 4 * row + 4), label)),
  );
}
