import type { Graph } from '@unpair/graph';
import { encodeModel } from '@unpair/graph';
import type { Parameters } from '@unpair/parameters';
import type { SiblingRequest } from '@unpair/training';
import { deriveSibling, distillModel, sampleDemand } from '@unpair/siblings';
import { createOnnxRuntime } from '@unpair/runtime';
import { describe, expect, it } from 'vitest';
import { predictions } from '../../training/test/support/answers.js';
import { brightSamples, smallResnet } from '../../training/test/support/bright-samples.js';
import { parametersOf, siblingCalled } from '../../training/test/support/sibling-parameters.js';

const runtime = createOnnxRuntime();
const samples = brightSamples();

const request = (graph: Graph, given: Parameters, seed = 4): SiblingRequest => ({
  graph,
  runtime,
  samples,
  seed,
  parameters: parametersOf('distill', { depth: 8, width: 4, epochs: 5, batch: 32, ...given }),
});

describe('distillModel', () => {
  it('trains a smaller network to answer like the model, whatever the labels are', async () => {
    // With labels that never were true, only the teacher can have taught this.
    const teacher = await distillModel(request(smallResnet(), { alpha: 0 }));
    const labels = new Int32Array(samples.labels.length);
    const student = await distillModel({
      ...request(teacher, { architecture: 'convnet', depth: 0, width: 0, alpha: 1, epochs: 6 }),
      samples: { ...samples, labels },
    }).catch((error: unknown) => error);
    // Its accuracy on those labels is chance, which is what a collapse is.
    expect(String(student)).toContain('training collapsed by step 24');
    const taught = await distillModel(request(teacher, { alpha: 1, epochs: 8 }));
    const [theirs = [], own = []] = await Promise.all(
      [teacher, taught].map((graph) => predictions(graph, runtime, samples)),
    );
    expect(own.filter((answer, row) => answer === theirs[row]).length).toBeGreaterThan(100);
  });

  it('is decided by its seed', async () => {
    const make = async (seed: number): Promise<Uint8Array> =>
      encodeModel(await distillModel(request(smallResnet(), { alpha: 0, epochs: 3 }, seed)));
    expect(await make(1)).toEqual(await make(1));
    expect(await make(1)).not.toEqual(await make(2));
  });

  it('names a size that the architecture does not have', async () => {
    await expect(distillModel(request(smallResnet(), { depth: 9 }))).rejects.toThrow(
      'architecture.depth is 9',
    );
  });
});

describe('deriveSibling', () => {
  it('refuses a sibling that answers by chance, unless the model does too', async () => {
    const teacher = await distillModel(request(smallResnet(), { alpha: 0, epochs: 6 }));
    const parameters = parametersOf('prune', { sparsity: 0.99, 'finetune.epochs': 0 });
    const deriving = deriveSibling(siblingCalled('prune'), { ...request(teacher, {}), parameters });
    await expect(deriving).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringMatching(
        /^prune leaves an accuracy of 0\.\d+ on training samples, below 0\.500/,
      ) as string,
    });
    const labels = samples.labels.map((label) => (label + 1) % 4);
    const mislabelled = { ...request(teacher, {}), parameters, samples: { ...samples, labels } };
    expect((await deriveSibling(siblingCalled('prune'), mislabelled)).nodes.length).toBeGreaterThan(0);
  });

  it('asks for the samples that training and calibration need', () => {
    const quantize = parametersOf('quantize', { calibration: 600 });
    expect(sampleDemand(siblingCalled('quantize'), quantize)).toEqual({
      needed: 600,
      parameter: 'calibration',
      wanted: 600,
    });
    const prune = parametersOf('prune', { 'finetune.samples': 3000 });
    expect(sampleDemand(siblingCalled('prune'), prune)).toMatchObject({ needed: 64, wanted: 3000 });
    expect(sampleDemand(siblingCalled('prune'), { ...prune, 'finetune.epochs': 0 })).toMatchObject({
      needed: 0,
      wanted: 512,
    });
  });
});
