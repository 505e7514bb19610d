import type { Tensor } from '@unpair/graph';
import { decodeModel, float32, lossAndInputGradient } from '@unpair/graph';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runGraph } from '../support/onnxruntime.js';
import { hasSharedData, readSharedModel } from '../../../../test/kit/shared-data.js';

/** What golden/make_resnet_gradients.py writes for a model. */
interface Golden {
  readonly labels: readonly number[];
  readonly logits: readonly (readonly number[])[];
  readonly losses: readonly number[];
  readonly gradientNorms: readonly number[];
  readonly gradientSums: readonly number[];
  readonly coordinates: readonly number[];
  readonly gradients: readonly (readonly number[])[];
}

const TOLERANCE = 1e-4;
const golden = JSON.parse(
  readFileSync(new URL('../golden/resnet-gradients.json', import.meta.url), 'utf8'),
) as { readonly models: Readonly<Record<string, Golden>> };

describe.skipIf(!hasSharedData)(
  'input gradients of trained ResNets agree with those of PyTorch (needs shared/data)',
  () => {
    it.each(Object.entries(golden.models))('%s', async (name, expected) => {
      const { graph, ...names } = lossAndInputGradient(decodeModel(readSharedModel(name)), 'cross-entropy');
      const samples = expected.labels.length;
      const results = await runGraph(graph, {
        [names.input]: float32([samples, 3, 32, 32], images(samples)),
        labels: oneHot(expected.labels),
      });
      const rows = (value: string): readonly Float32Array[] => rowsOf(results[value], samples);
      rows(names.logits).forEach((row, sample) => {
        expectClose(row, expected.logits[sample] ?? []);
      });
      expectClose(results[names.loss]?.data as Float32Array, expected.losses);
      rows(names.gradient).forEach((row, sample) => {
        const norm = Math.hypot(...row);
        expectRelative(norm, expected.gradientNorms[sample] ?? NaN, norm);
        // The sum of 3,072 numbers of both signs: its error is measured against their norm.
        const sum = row.reduce((total, value) => total + value, 0);
        expectRelative(sum, expected.gradientSums[sample] ?? NaN, norm * Math.sqrt(row.length));
        expectClose(
          expected.coordinates.map((coordinate) => row[coordinate] ?? NaN),
          expected.gradients[sample] ?? [],
        );
      });
    });
  },
);

/** The l2 distance is within the tolerance of the l2 norm. */
function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  const distance = Math.hypot(...expected.map((value, index) => value - (actual[index] ?? NaN)));
  expectRelative(distance, 0, Math.hypot(...expected));
}

function expectRelative(actual: number, expected: number, scale: number): void {
  expect(Math.abs(actual - expected) / scale).toBeLessThan(TOLERANCE);
}

/** The linear congruential generator of the Python script. */
function images(samples: number): Float32Array {
  let state = 12345n;
  return Float32Array.from({ length: samples * 3072 }, () => {
    state = (1103515245n * state + 12345n) % 2n ** 31n;
    return Number(state >> 15n) / 2 ** 16;
  });
}

function oneHot(labels: readonly number[]): Tensor {
  const classes = Array.from({ length: 10 }, (_, index) => index);
  return float32(
    [labels.length, 10],
    labels.flatMap((label) => classes.map((k) => (k === label ? 1 : 0))),
  );
}

function rowsOf(tensor: Tensor | undefined, rows: number): readonly Float32Array[] {
  const data = tensor?.data as Float32Array;
  const size = data.length / rows;
  return Array.from({ length: rows }, (_, row) => data.subarray(row * size, (row + 1) * size));
}
