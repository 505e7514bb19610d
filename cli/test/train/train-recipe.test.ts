import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Graph } from '@unpair/graph';
import type { Recipe, TrainingOptions } from '@unpair/training';
import {
  buildArchitecture,
  buildTrainingStep,
  describeState,
  fineTune,
  normalInitializer,
  train,
} from '@unpair/training';
import { createRandom } from '@unpair/numerics';
import { createRuntime } from '@unpair/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Terminal } from '../../src/terminal/terminal.js';
import { ShardPool } from '../../src/train/shard-pool.js';
import type { RecipeRun } from '../../src/train/train-recipe.js';
import { trainRecipe } from '../../src/train/train-recipe.js';

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
function samples(): RecipeRun['samples'] {
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

interface Outcome {
  readonly model: Graph;
  readonly losses: readonly number[];
}

/** Trains on so many threads. */
async function onThreads(workers: number, options: Partial<TrainingOptions> = {}): Promise<Outcome> {
  const losses: number[] = [];
  const model = await train(
    {
      ...{ graph: untrained(), samples: samples(), schedule: recipe, judge: 'never' },
      onStep: ({ loss }) => losses.push(loss),
      ...options,
    },
    (job) => Promise.resolve(new ShardPool(job, workers)),
  );
  return { model, losses };
}

async function inProcess(): Promise<Outcome> {
  const losses: number[] = [];
  const model = await fineTune({
    ...{ graph: untrained(), samples: samples(), schedule: recipe, judge: 'never' },
    runtime: await createRuntime(),
    onStep: ({ loss }) => losses.push(loss),
  });
  return { model, losses };
}

describe('training on threads', () => {
  it('learns, on one thread as on two and as in this one', async () => {
    const outcome = await onThreads(2);
    const { losses } = outcome;
    expect(losses).toHaveLength(40);
    // Other processors may round otherwise, but not by as much as another order or placement of images makes.
    for (const [step, loss] of [0.78943, 0.72046, 0.42173, 0.32429].entries()) {
      expect(losses[step]).toBeCloseTo(loss, 4);
    }
    expect(losses.at(-1)).toBeLessThan(0.25);
    expect(await onThreads(1)).toEqual(outcome);
    expect(await inProcess()).toEqual(outcome);
  });

  it('ends with what a thread says that it cannot do', async () => {
    const buildStep: TrainingOptions['buildStep'] = (model, shard) => {
      const step = buildTrainingStep(model, shard);
      return { ...step, loss: 'none' };
    };
    await expect(onThreads(2, { buildStep })).rejects.toThrow('must give float32 "none"');
  });
});

describe('trainRecipe', () => {
  let folder: string;
  const notes: string[] = [];
  beforeEach(async () => {
    notes.length = 0;
    folder = await mkdtemp(join(tmpdir(), 'unpair-train-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** Trains to the end, or until the display has been shown so many steps. */
  function trained(checkpoint: string, { until = Infinity, seed = recipe.seed } = {}): Promise<Graph> {
    const controller = new AbortController();
    let shown = 0;
    const update = (): void => {
      shown += 1;
      if (shown === until) controller.abort();
    };
    const terminal: Terminal = {
      isInteractive: false,
      width: 80,
      color: false,
      print: () => undefined,
      page: () => Promise.resolve(),
      note: (text) => notes.push(text),
      write: () => Promise.resolve(),
      progress: () => ({ update, end: () => undefined }),
    };
    const run = { recipe: { ...recipe, seed }, model: untrained(), samples: samples(), dataset: 'synthetic' };
    return trainRecipe({ ...run, checkpoint, workers: 2 }, { terminal, signal: controller.signal });
  }

  it('goes on from a checkpoint to the bits of a run that was never interrupted', async () => {
    const path = join(folder, 'tiny.onnx.checkpoint');
    await expect(trained(path, { until: 5 })).rejects.toMatchObject({
      code: 'CANCELLED',
      message: 'training stopped after step 5; run it again to go on',
    });
    expect(describeState(await readFile(path)).step).toBe(5);
    const model = await trained(path);
    expect(notes).toEqual([`going on from ${path}, after step 5 of 40`]);
    expect(model).toEqual((await inProcess()).model);
    expect(await readdir(folder)).toEqual(['tiny.onnx.checkpoint']);
  });

  it('refuses the checkpoint of another recipe', async () => {
    const path = join(folder, 'checkpoint');
    await expect(trained(path, { until: 1 })).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(trained(path, { seed: 4 })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: `${path} belongs to another recipe or data set; remove it to start afresh`,
    });
  });
});
