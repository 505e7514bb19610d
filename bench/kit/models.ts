import { readFile } from 'node:fs/promises';
import type { Graph } from '@unpair/graph';
import { decodeModel } from '@unpair/graph';
import { buildArchitecture, normalInitializer } from '@unpair/training';

/** A model, and whether it is a trained one of models/ or has its first weights. */
export interface BenchmarkModel {
  readonly graph: Graph;
  readonly origin: string;
}

const SHAPE = {
  image: [3, 32, 32],
  classes: 10,
  mean: [0.5, 0.5, 0.5],
  deviation: [0.5, 0.5, 0.5],
} as const;

/** The trained ResNet-20 where it is, else one with fresh weights: it costs the same. */
export function resnet20(): Promise<BenchmarkModel> {
  return trainedOr('cifar10-resnet20.onnx', () =>
    buildArchitecture('resnet', { depth: 20 }, SHAPE, normalInitializer(1)),
  );
}

/** A classifier of the same task that has nothing to do with the ResNet-20. */
export function stranger(): Promise<BenchmarkModel> {
  return trainedOr('cifar10-stranger.onnx', () =>
    buildArchitecture('resnet', { depth: 20 }, SHAPE, normalInitializer(2)),
  );
}

async function trainedOr(name: string, build: () => Graph): Promise<BenchmarkModel> {
  const bytes = await readFile(new URL(`../../models/${name}`, import.meta.url)).catch(() => undefined);
  return bytes === undefined
    ? { graph: build(), origin: 'fresh weights' }
    : { graph: decodeModel(bytes), origin: `models/${name}` };
}
