import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { SampleSet } from '@unpair/datasets';
import { inputs, loadDataset } from '@unpair/datasets';
import type { Graph } from '@unpair/graph';
import { decodeModel, float32 } from '@unpair/graph';
import { argmax } from '@unpair/classifiers';
import { quantizeModel } from '@unpair/siblings';
import { createOnnxRuntime } from '@unpair/runtime';

const shared =
  process.env['UNPAIR_SHARED_DATA'] ?? fileURLToPath(new URL('../../../../shared/data', import.meta.url));
const resnet20 = join(shared, 'models', 'cifar10-resnet20.onnx');
const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
const dataDir = process.env['UNPAIR_DATA_DIR'] ?? join(cache, 'unpair', 'data');
const isPresent = existsSync(resnet20) && existsSync(join(dataDir, 'cifar10'));

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
    const graph = decodeModel(new Uint8Array(readFileSync(resnet20)));
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
