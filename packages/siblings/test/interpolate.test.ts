import type { Graph } from '@unpair/graph';
import { ModelError, foldBatchNormalization } from '@unpair/graph';
import { quantizeModel } from '@unpair/siblings';
import { createRuntime } from '@unpair/runtime';
import { beforeAll, describe, expect, it } from 'vitest';
import { logitsOf } from '../../training/test/support/answers.js';
import { brightSamples, smallResnet } from '../../training/test/support/bright-samples.js';
import { parametersOf, siblingCalled } from '../../training/test/support/sibling-parameters.js';
import { trainedResnet } from '../../training/test/support/trained-resnet.js';

const runtime = await createRuntime();
const samples = brightSamples();

/** As it was trained, with its normalization. */
let full: Graph;
/** The same network after more training, as an exporter writes it. */
let tuned: Graph;

beforeAll(async () => {
  full = await trainedResnet(runtime);
  const request = { graph: full, target: full, runtime, samples, seed: 1 };
  const parameters = parametersOf('unpair', { batch: 32, epochs: 2 });
  tuned = foldBatchNormalization(await siblingCalled('unpair').derive({ ...request, parameters }));
});

function interpolate(share: number, graph = tuned, target: Graph | undefined = full): Promise<Graph> {
  const parameters = parametersOf('interpolate', { share });
  return siblingCalled('interpolate').derive({ graph, target, runtime, samples, parameters, seed: 1 });
}

const answers = (graph: Graph): Promise<Float32Array> => logitsOf(graph, runtime, samples);

function meanGap(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, at) => sum + Math.abs(value - (b[at] ?? NaN)), 0) / a.length;
}

describe('interpolation', () => {
  it('leads from the model itself to the full one', async () => {
    expect(await interpolate(0)).toBe(tuned);
    const [own, back, theirs] = [
      await answers(tuned),
      await answers(await interpolate(1)),
      await answers(full),
    ];
    expect(meanGap(own, theirs)).toBeGreaterThan(0.1);
    expect(meanGap(back, theirs)).toBeLessThan(1e-4);
    const gaps = [];
    for (const share of [0.25, 0.5, 0.75])
      gaps.push(meanGap(await answers(await interpolate(share)), theirs));
    expect(gaps).toEqual(gaps.toSorted((a, b) => b - a));
    expect(gaps[0]).toBeLessThan(meanGap(own, theirs));
  });

  it('refuses what was rounded, and another network', async () => {
    const parameters = parametersOf('quantize', { calibration: 32 });
    const rounded = await quantizeModel({ graph: tuned, runtime, samples, parameters, seed: 1 });
    const sentence = 'interpolate the model that it was made of, and quantize what comes out';
    for (const mixed of [interpolate(0.5, rounded), interpolate(0.5, tuned, rounded)]) {
      await expect(mixed).rejects.toThrow(ModelError);
      await expect(mixed).rejects.toThrow(sentence);
    }
    await expect(interpolate(0.5, tuned, smallResnet(3, 4))).rejects.toThrow('are not the same network');
    await expect(
      siblingCalled('interpolate').derive({ graph: tuned, runtime, samples, parameters, seed: 1 }),
    ).rejects.toThrow('needs a model to mix with');
  });
});
