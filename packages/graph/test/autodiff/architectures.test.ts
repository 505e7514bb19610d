import { readFileSync, readdirSync } from 'node:fs';
import type { Tensor } from '@unpair/graph';
import { decodeModel, float32, foldConstants, lossAndInputGradient } from '@unpair/graph';
import { describe, expect, it } from 'vitest';
import { runGraph } from '../support/onnxruntime.js';

const folder = new URL('../golden/architectures/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.onnx'));

const SHAPE = [2, 3, 32, 32];
const CLASSES = 10;
const TOLERANCE = 1e-5;

/** What golden/make_architectures.py writes for a network: logits, then the input gradient. */
function goldenOf(file: string): { readonly logits: Float32Array; readonly gradient: Float32Array } {
  const bytes = readFileSync(new URL(`${file.slice(0, file.indexOf('.'))}.bin`, folder));
  const values = new Float32Array(Uint8Array.from(bytes).buffer);
  const logits = SHAPE.slice(0, 1).reduce((product, dim) => product * dim, CLASSES);
  return { logits: values.subarray(0, logits), gradient: values.subarray(logits) };
}

describe('what PyTorch exports computes what PyTorch computes, and so does its derivative', () => {
  it('covers every architecture', () => {
    expect(new Set(files.map((file) => file.split('.')[0])).size).toBeGreaterThanOrEqual(14);
  });

  it.each(files)('%s', async (file) => {
    const model = foldConstants(decodeModel(readFileSync(new URL(file, folder))));
    const { graph, ...names } = lossAndInputGradient(model, 'cross-entropy');
    const labels = Float32Array.from({ length: 2 * CLASSES }, (_, i) => (i === 0 || i === 11 ? 1 : 0));
    const results = await runGraph(graph, {
      [names.input]: float32(SHAPE, images()),
      labels: float32([2, CLASSES], labels),
    });
    const golden = goldenOf(file);
    expectClose(results[names.logits], golden.logits);
    expectClose(results[names.gradient], golden.gradient);
  });
});

/** The l2 distance is within the tolerance of the l2 norm. */
function expectClose(actual: Tensor | undefined, expected: Float32Array): void {
  const values = actual?.data as Float32Array;
  expect(values).toHaveLength(expected.length);
  const distance = Math.hypot(...expected.map((value, i) => value - (values[i] ?? NaN)));
  expect(distance / Math.hypot(...expected)).toBeLessThan(TOLERANCE);
}

/** The linear congruential generator of the Python script. */
function images(): Float32Array {
  let state = 12345n;
  return Float32Array.from({ length: 2 * 3072 }, () => {
    state = (1103515245n * state + 12345n) % 2n ** 31n;
    return Number(state >> 15n) / 2 ** 16;
  });
}
