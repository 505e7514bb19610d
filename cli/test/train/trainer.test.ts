import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Graph } from '@unpair/graph';
import type { Recipe } from '@unpair/training';
import { buildArchitecture, fineTune, normalInitializer } from '@unpair/training';
import { createRandom } from '@unpair/numerics';
import { createRuntime } from '@unpair/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCheckpoint, removeCheckpoint, writeCheckpoint } from '../../src/train/checkpoint.js';
import { Trainer } from '../../src/train/trainer.js';

const COUNT = 64;
const SHAPE = [3, 8, 8] as const;

const recipe: Recipe = {
  name: 'tiny',
  seed: 3,
  dataset: 'synthetic',
  samples: null,
  architecture: { name: 'convnet', options: { widths: [16, 16], strides: [1, 2] } },
  epochs: 10,
  batch: 16,
  shards: 2,
  learningRate: { peak: 0.1, warmupEpochs: 1 },
  sgd: { momentum: 0.9, weightDecay: 5e-4, nesterov: true },
  labelSmoothing: 0.05,
  augmentation: { pad: 1, flip: true },
};

/** Noise whose brightness tells the class: something that a network can learn within a few steps. */
function samples(): ConstructorParameters<typeof Trainer>[0]['samples'] {
  const random = createRandom({ seed: 5, cell: 'test', sample: 0 });
  const size = SHAPE[0] * SHAPE[1] * SHAPE[2];
  const images = new Uint8Array(new SharedArrayBuffer(COUNT * size));
  const labels = new Int32Array(new SharedArrayBuffer(4 * COUNT));
  for (let sample = 0; sample < COUNT; sample++) {
    labels[sample] = sample % 2;
    const pixels = Uint8Array.from({ length: size }, () => random.integer(100) + 100 * (sample % 2));
    images.set(pixels, sample * size);
  }
  return { images, labels, shape: SHAPE, classes: 2, count: COUNT };
}

function untrained(): Graph {
  const shape = { image: SHAPE, classes: 2, mean: [0.4, 0.4, 0.4], deviation: [0.3, 0.3, 0.3] };
  const { name, options } = recipe.architecture;
  return buildArchitecture(name, options, shape, normalInitializer(recipe.seed));
}

function trainer(workers: number): Trainer {
  return new Trainer({ recipe, model: untrained(), samples: samples(), workers });
}

async function advance(training: Trainer, steps: number): Promise<number[]> {
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) losses.push((await training.advance()).loss);
  return losses;
}

describe('Trainer', () => {
  let folder: string;
  const open: Trainer[] = [];
  const start = (workers: number): Trainer => {
    const training = trainer(workers);
    open.push(training);
    return training;
  };
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'unpair-train-'));
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((training) => training.close()));
    await rm(folder, { recursive: true });
  });

  it('learns', async () => {
    const training = start(2);
    const losses = await advance(training, 30);
    expect(losses[0]).toBeGreaterThan(0.4);
    expect(losses.at(-1)).toBeLessThan(0.25);
  });

  it('reaches the same bits on one worker and on two', async () => {
    const [one, two] = [start(1), start(2)];
    await advance(one, 6);
    await advance(two, 6);
    expect(two.state).toEqual(one.state);
  });

  it('reaches the bits of a model that is trained further in this process', async () => {
    const training = start(2);
    const losses = await advance(training, 40);
    const inProcess: number[] = [];
    const model = await fineTune({
      ...{ graph: untrained(), samples: samples(), schedule: recipe, judge: 'never' },
      runtime: await createRuntime(),
      onStep: ({ loss }) => inProcess.push(loss),
    });
    expect(inProcess).toEqual(losses);
    expect(model).toEqual(training.model());
    // Other processors may round otherwise, but not by as much as another order or placement of images makes.
    for (const [step, loss] of [0.78943, 0.72046, 0.42173, 0.32429].entries()) {
      expect(losses[step]).toBeCloseTo(loss, 4);
    }
  });

  it('goes on from a checkpoint to the bits of a run that was never interrupted', async () => {
    const whole = start(2);
    await advance(whole, 7);
    const first = start(2);
    await advance(first, 5);
    const path = join(folder, 'tiny.onnx.checkpoint');
    await writeCheckpoint(path, 'owner', first.state);
    const second = start(2);
    expect(await readCheckpoint(path, 'owner', second.state)).toBe(true);
    expect(second.state.step).toBe(5);
    await advance(second, 2);
    expect(second.state).toEqual(whole.state);
    expect(second.model()).toEqual(whole.model());
    expect(await readdir(folder)).toEqual(['tiny.onnx.checkpoint']);
  });

  it('refuses the checkpoint of another recipe, and starts afresh without one', async () => {
    const training = start(1);
    const path = join(folder, 'checkpoint');
    await writeCheckpoint(path, 'another', training.state);
    await expect(readCheckpoint(path, 'owner', training.state)).rejects.toThrow(
      'belongs to another recipe or data set',
    );
    await removeCheckpoint(path);
    expect(await readCheckpoint(path, 'owner', training.state)).toBe(false);
  });
});
