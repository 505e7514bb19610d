import type { Graph } from '@unpair/graph';
import { encodeModel } from '@unpair/graph';
import type { Parameters } from '@unpair/parameters';
import type { SiblingRequest } from '@unpair/training';
import { deriveSibling, quantizeModel } from '@unpair/siblings';
import { imitateModel } from '@unpair/attacks';
import { createRuntime } from '@unpair/runtime';
import { beforeAll, describe, expect, it } from 'vitest';
import { predictions } from '../../../training/test/support/answers.js';
import { brightSamples } from '../../../training/test/support/bright-samples.js';
import { parametersOf, siblingCalled } from '../../../training/test/support/sibling-parameters.js';
import { trainedResnet } from '../../../training/test/support/trained-resnet.js';

const runtime = await createRuntime();
const samples = brightSamples();

let target: Graph;
/** A target that calls every class by the name of the next. */
let shifted: Graph;
let published: Graph;

/** A model that has learnt labels in which every class is called by the name of another, `shift` further. */
function trained(shift: number, seed: number): Promise<Graph> {
  const labels = samples.labels.map((label) => (label + shift) % 4);
  return trainedResnet(runtime, { seed, samples: { ...samples, labels } });
}

beforeAll(async () => {
  target = await trained(0, 1);
  shifted = await trained(1, 2);
  published = await trained(0, 3);
});

function imitate(given: Parameters, options: Partial<SiblingRequest> = {}): Promise<Graph> {
  const own = { batch: 32, epochs: 4, augment: 'none', queries: 96 };
  const parameters = parametersOf('imitate', { ...own, ...given });
  return imitateModel({ graph: published, target, runtime, samples, parameters, seed: 1, ...options });
}

async function agreement(a: Graph, b: Graph): Promise<number> {
  const [left, right] = [await predictions(a, runtime, samples), await predictions(b, runtime, samples)];
  return left.filter((answer, row) => answer === right[row]).length / left.length;
}

describe('the imitation', () => {
  it('answers like the target, of which the published model has learnt nothing and no label tells', async () => {
    expect(await agreement(published, shifted)).toBeLessThan(0.1);
    // The labels of the samples are those of the published model: what is learnt comes from the answers alone.
    const copy = await imitate({ epochs: 30, rate: 0.05 }, { target: shifted });
    expect(await agreement(copy, shifted)).toBeGreaterThan(0.9);
  });

  it('asks once for each image, whatever the epochs and augmentation', async () => {
    for (const [queries, epochs, expected] of [
      [70, 3, 70],
      [96, 1, 96],
      [10_000, 1, 128],
    ] as const) {
      let asked = 0;
      const onQueries = (count: number): void => {
        asked += count;
      };
      await imitate({ queries, epochs, augment: 'shift-flip' }, { onQueries });
      expect(asked).toBe(expected);
    }
  });

  it('sees no more images than it asked for', async () => {
    const other = brightSamples(128, 6);
    const images = Uint8Array.from([...samples.images.slice(0, 64 * 192), ...other.images.slice(64 * 192)]);
    const [own, same] = [
      await imitate({ queries: 64 }),
      await imitate({ queries: 64 }, { samples: { ...samples, images } }),
    ];
    expect(encodeModel(same)).toEqual(encodeModel(own));
    const more = await imitate({ queries: 65, batch: 65 }, { samples: { ...samples, images } });
    expect(encodeModel(more)).not.toEqual(encodeModel(await imitate({ queries: 65, batch: 65 })));
  });

  it('is decided by its seed, and the model itself without epochs', async () => {
    const [once, twice, other] = [await imitate({}), await imitate({}), await imitate({}, { seed: 2 })].map(
      encodeModel,
    );
    expect(twice).toEqual(once);
    expect(other).not.toEqual(once);
    let asked = 0;
    const idle = await imitate({ epochs: 0 }, { onQueries: (count) => (asked += count) });
    expect([encodeModel(idle), asked]).toEqual([encodeModel(published), 0]);
  });

  it('fits into fewer queries than a batch has rows', async () => {
    expect(encodeModel(await imitate({ queries: 5, epochs: 20 }))).not.toEqual(encodeModel(published));
  });

  it('starts from the float weights that a quantized sibling stands for', async () => {
    const rounding = { weights: 8, activations: 8, granularity: 'channel', scheme: 'asymmetric' };
    const parameters = { ...rounding, calibration: 32, ranges: 'min-max', 'finetune.epochs': 0 };
    const graph = await quantizeModel({ graph: published, runtime, samples, parameters, seed: 1 });
    const copy = await imitate({ epochs: 30, rate: 0.05 }, { graph, target: shifted });
    expect(await agreement(copy, shifted)).toBeGreaterThan(0.9);
    expect([...copy.initializers.values()].some(({ dataType }) => dataType === 'int32')).toBe(false);
  });

  it('is what it is after too few steps, without having failed', async () => {
    const copy = await imitate({ queries: 32, epochs: 1, rate: 0.001 }, { target: shifted });
    expect(await agreement(copy, shifted)).toBeLessThan(0.5);
  });

  it('is kept although it classifies worse than by chance, as its target does', async () => {
    const own = { batch: 32, epochs: 30, augment: 'none', queries: 96, rate: 0.05 };
    let asked = 0;
    const copy = await deriveSibling(siblingCalled('imitate'), {
      ...{ graph: published, target: shifted, runtime, samples, seed: 1 },
      parameters: parametersOf('imitate', own),
      onQueries: (count) => (asked += count),
    });
    expect(await agreement(copy, shifted)).toBeGreaterThan(0.9);
    expect(asked).toBe(96);
  });

  it('needs a target, and says when training collapses', async () => {
    await expect(imitate({}, { target: undefined })).rejects.toThrow('imitating needs a model to imitate');
    await expect(imitate({ rate: 100 })).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  });
});

it('asks for as many training images as queries, or for none', () => {
  const definition = siblingCalled('imitate');
  expect(definition.demand(parametersOf('imitate', { queries: 1000 }))).toEqual({
    ...{ needed: 0, parameter: 'queries', wanted: 1000 },
  });
  expect(definition.demand(parametersOf('imitate', { epochs: 0 })).wanted).toBe(0);
});
