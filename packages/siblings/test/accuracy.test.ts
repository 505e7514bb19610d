import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { SampleSet } from '@unpair/datasets';
import { inputs, loadDataset } from '@unpair/datasets';
import type { Graph } from '@unpair/graph';
import { decodeModel, float32 } from '@unpair/graph';
import { argmax } from '@unpair/classifiers';
import { quantizeModel } from '@unpair/siblings';
import { createOnnxRuntime } from '@unpair/runtime';
import { hasSharedData, readSharedModel } from '../../../test/kit/shared-data.js';

const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
const dataDir = process.env['UNPAIR_DATA_DIR'] ?? join(cache, 'unpair', 'data');
const isPresent = hasSharedData && existsSync(join(dataDir, 'cifar10'));

const runtime = createOnnxRuntime();
const COUNT = 500;

async function correct(graph: Graph, set: SampleSet): Promise<number> {
  const executable = await runtime.load(graph);
  try {
    const { logits } = await executable.run({ image: float32([COUNT, 3, 32, 32], inputs(set, 0, COUNT)) });
    if (logits?.dataType !== 'float32') throw new Error('no logits');
    const rows = Array.from({ length: COUNT }, (_, i) => logits.data.subarray(i * 10, i * 10 + 10));
    return rows.filter((row, i) => argmax(row) === set.labels[i]).length;
  } finally {
    await executable.close();
  }
}

it.skipIf(!isPresent)(
  'an int8 ResNet-20 loses at most half a point of accuracy (skipped without model and CIFAR-10)',
  async () => {
    const [train, test] = [
      await loadDataset('cifar10', 'train', { dataDir }),
      await loadDataset('cifar10', 'test', { dataDir }),
    ];
    const graph = decodeModel(readSharedModel('cifar10-resnet20.onnx'));
    const parameters = {
      weights: 8,
      activations: 8,
      granularity: 'channel',
      scheme: 'asymmetric',
      calibration: 256,
      ranges: 'min-max',
      'finetune.epochs': 0,
    };
    const int8 = await quantizeModel({ graph, runtime, samples: train, parameters, seed: 0 });
    expect(await correct(int8, test)).toBeGreaterThanOrEqual((await correct(graph, test)) - 0.005 * COUNT);
  },
  180_000,
);
