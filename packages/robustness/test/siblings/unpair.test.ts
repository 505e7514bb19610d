import { encodeModel } from '@unpair/graph';
import type { Graph } from '@unpair/graph';
import type { Parameters, SiblingRequest } from '@unpair/robustness';
import { fineTune, quantizeModel, siblings } from '@unpair/robustness';
import { createRuntime } from '@unpair/runtime';
import { beforeAll, describe, expect, it } from 'vitest';
import { brightSamples, smallResnet } from '../support/bright-samples.js';

const runtime = await createRuntime();
const samples = brightSamples();
const definition = siblings.find(({ name }) => name === 'unpair');
const defaults = Object.fromEntries(
  Object.entries(definition?.parameters ?? {}).map(([name, spec]) => [name, spec.default]),
);

let target: Graph;

beforeAll(async () => {
  const schedule = {
    ...{ seed: 1, epochs: 4, batch: 32, shards: 2, labelSmoothing: 0 },
    learningRate: { peak: 0.1, warmupEpochs: 0 },
    sgd: { momentum: 0.9, weightDecay: 1e-4, nesterov: true },
    augmentation: { pad: 1, flip: true },
  };
  target = await fineTune({ graph: smallResnet(), runtime, samples, schedule, judge: 'end' });
});

function unpaired(given: Parameters, options: Partial<SiblingRequest> = {}): Promise<Graph> {
  const parameters = { ...defaults, batch: 32, epochs: 1, ...given };
  const request = { graph: target, target, runtime, samples, parameters, seed: 1, ...options };
  if (definition === undefined) throw new Error('a way called unpair');
  return definition.derive(request);
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

  it('says that training collapsed at a rate that diverges', async () => {
    const diverging = unpaired({ rate: 100, epochs: 4 });
    await expect(diverging).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  });

  it('refuses a quantized model, parts of a batch above 1, and to go without a target', async () => {
    const rounding = { weights: 8, activations: 8, granularity: 'channel', scheme: 'asymmetric' };
    const parameters = { ...rounding, calibration: 32, ranges: 'min-max', 'finetune.epochs': 0 };
    const graph = await quantizeModel({ graph: target, runtime, samples, parameters, seed: 1 });
    await expect(unpaired({}, { graph })).rejects.toThrow('unpair the model that it is made of');
    await expect(unpaired({ noise: 0.6 })).rejects.toThrow('got 0.5 and 0.6');
    await expect(unpaired({}, { target: undefined })).rejects.toThrow('needs a model to unpair from');
  });
});
