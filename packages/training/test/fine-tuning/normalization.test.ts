import type { Graph, Tensor } from '@unpair/graph';
import { float32, foldBatchNormalization, observeMoments, summarizeModel } from '@unpair/graph';
import type { Parameters } from '@unpair/parameters';
import { firstImages } from '@unpair/training';
import { createRuntime } from '@unpair/runtime';
import { beforeAll, describe, expect, it } from 'vitest';
import { canNormalize, withNormalization } from '../../src/fine-tuning/normalization.js';
import { logitsOf } from '../support/answers.js';
import { brightSamples, smallResnet } from '../support/bright-samples.js';
import { parametersOf, siblingCalled } from '../support/sibling-parameters.js';
import { trainedResnet } from '../support/trained-resnet.js';

const runtime = await createRuntime();
const samples = brightSamples();
const images = firstImages(samples, 100);

/** A trained model as exporters write it: its normalization is in the weights of its convolutions. */
let exported: Graph;

beforeAll(async () => {
  exported = foldBatchNormalization(await trainedResnet(runtime));
});

const answers = (graph: Graph): Promise<Float32Array> => logitsOf(graph, runtime, samples);

function floats(tensor: Tensor | undefined): Float32Array {
  return tensor?.dataType === 'float32' ? tensor.data : Float32Array.of(NaN);
}

function operatorsOf(graph: Graph): unknown {
  return summarizeModel(graph).operators;
}

function largestGap(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, at) => Math.max(most, Math.abs(value - (b[at] ?? NaN))), 0);
}

async function unpaired(given: Parameters): Promise<Graph> {
  const parameters = parametersOf('unpair', { batch: 32, epochs: 2, ...given });
  const request = { graph: exported, target: exported, runtime, samples, parameters, seed: 1 };
  return siblingCalled('unpair').derive(request);
}

describe('normalization of a model that was exported without', () => {
  it('changes nothing of what the model answers, and can be folded away again', async () => {
    expect(exported.nodes.map(({ op }) => op)).not.toContain('BatchNormalization');
    // Runs of 64 and 36 samples: their moments are pooled.
    const normalized = await withNormalization(exported, { runtime, samples: images, count: 100 });
    const convolutions = normalized.nodes.filter(({ op }) => op === 'Conv').length;
    expect(normalized.nodes.filter(({ op }) => op === 'BatchNormalization')).toHaveLength(convolutions);
    const [before, after, folded] = await Promise.all(
      [exported, normalized, foldBatchNormalization(normalized)].map(answers),
    );
    expect(largestGap(before ?? images, after ?? images)).toBeLessThan(1e-4);
    expect(largestGap(before ?? images, folded ?? images)).toBeLessThan(1e-4);
    expect(operatorsOf(foldBatchNormalization(normalized))).toEqual(operatorsOf(exported));
  });

  it('has the moments of all samples, however they were run', async () => {
    const observed = observeMoments(exported);
    const executable = await runtime.load(observed.graph);
    const feeds = { [exported.inputs[0]?.name ?? '']: float32([100, 3, 8, 8], images) };
    const atOnce = await executable.run(feeds);
    await executable.close();
    const normalized = await withNormalization(exported, { runtime, samples: images, count: 100 });
    for (const { value, mean, variance } of observed.moments) {
      const node = normalized.nodes.find(({ outputs }) => outputs[0] === value);
      // Scale and bias give the channel back the moments that it had; epsilon is in the scale.
      const [scale, bias] = [1, 2].map((at) => floats(normalized.initializers.get(node?.inputs[at] ?? '')));
      const deviation = floats(atOnce[variance]).map(Math.sqrt);
      expect(largestGap(bias ?? images, floats(atOnce[mean]))).toBeLessThan(1e-4);
      expect(largestGap(scale ?? images, deviation)).toBeLessThan(1e-2);
    }
  });

  it('gives filters the norm that fresh ones have, for steps turn the shorter further', async () => {
    const normalized = await withNormalization(exported, { runtime, samples: images, count: 100 });
    const filters = normalized.nodes
      .filter(({ op }) => op === 'Conv')
      .flatMap(({ inputs }) => {
        const { shape, data } = normalized.initializers.get(inputs[1] ?? '') as Tensor<'float32'>;
        const size = data.length / (shape[0] ?? 1);
        return Array.from({ length: shape[0] ?? 0 }, (_, at) => data.subarray(at * size, (at + 1) * size));
      });
    expect(filters.length).toBeGreaterThan(10);
    for (const filter of filters) expect(Math.hypot(...filter)).toBeCloseTo(Math.SQRT2, 4);
  });

  it('stays as it is where there is some', async () => {
    const graph = smallResnet();
    expect(await withNormalization(graph, { runtime, samples: images, count: 10 })).toBe(graph);
    expect(canNormalize(graph)).toBe(true);
    expect(canNormalize({ ...graph, nodes: graph.nodes.filter(({ op }) => op === 'Relu') })).toBe(false);
  });

  it('serves the training of an unpaired sibling, which comes out without', async () => {
    const sibling = await unpaired({});
    expect(operatorsOf(sibling)).toEqual(operatorsOf(exported));
    expect(largestGap(await answers(sibling), await answers(exported))).toBeGreaterThan(0.1);
  });
});
