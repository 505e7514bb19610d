import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import type { Graph } from '@unpair/graph';
import { foldConstants } from '@unpair/graph';

import { decodeTflite } from '../../src/index.js';
import { pictures } from './support/images.js';
import { withOutput } from './support/redirect.js';
import { runImages } from './support/run.js';
import { hasSharedData, readSharedModel } from '../../../../test/kit/shared-data.js';

/** What LiteRT computes of `pictures`, written by scripts/generate-golden.ts. */
interface Golden {
  readonly tensor: number;
  readonly scale: number;
  readonly zeroPoint: number;
  readonly rows: readonly (readonly number[])[];
}

function readGolden(name: string): Golden {
  const path = new URL(`golden/${name}.golden.json`, import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8')) as Golden;
}

/** Differences of the graph's logits from LiteRT's, in steps of the file's own rounding. */
async function differences(
  name: string,
  real: (pixel: number) => number,
  transform = (graph: Graph): Graph => graph,
): Promise<readonly number[]> {
  const { tensor, scale, zeroPoint, rows } = readGolden(name);
  const graph = transform(decodeTflite(withOutput(readSharedModel(`${name}.tflite`), tensor)));
  const size = Number(graph.inputs[0]?.shape[1]);
  const values = Float32Array.from(pictures(rows.length, size), real);
  const { data } = await runImages(graph, values, rows.length);
  return rows.flat().map((value, i) => Math.abs(Number(data[i]) / scale + zeroPoint - value));
}

const share = (values: readonly number[], limit: number): number =>
  values.filter((value) => value <= limit).length / values.length;

describe.skipIf(!hasSharedData)('published files compute what LiteRT computes of them', () => {
  test('in floats, within rounding', async () => {
    const errors = await differences('cifar10-resnet8-float', (p) => p);
    expect(Math.max(...errors)).toBeLessThan(1e-4);
  });

  test.each([
    ['cifar10-resnet8-int8', (p: number) => p],
    ['mobilenet_v1_0.25_128_quant', (p: number) => (p - 128) / 128],
    ['tf2_mobilenet_v2_1.0_224_ptq', (p: number) => (p - 127) / 127.5],
  ])('in integers, %s', async (name, real) => {
    const errors = await differences(name, real);
    expect(share(errors, 0.01)).toBeGreaterThanOrEqual(0.99);
    expect(share(errors, 1.01)).toBe(1);
  });

  test('with weights folded to floats as well, as derivatives have them', async () => {
    const errors = await differences('mobilenet_v1_0.25_128_quant', (p) => (p - 128) / 128, foldConstants);
    expect(share(errors, 1.01)).toBeGreaterThanOrEqual(0.99);
  });
});
