import { describe, expect, test } from 'vitest';

import type { Tensor } from '@unpair/graph';
import { LABELS, float32, foldConstants, lossAndInputGradient, toLogits } from '@unpair/graph';
import { createRuntime } from '@unpair/runtime';

import { decodeTflite } from '../../src/index.js';
import { pictures } from './support/images.js';
import { hasSharedData, readSharedModel } from '../../../../test/kit/shared-data.js';
import { float32 as float32Field } from './support/flatbuffer-writer.js';
import { writeTflite } from './support/model-writer.js';
import { runImages } from './support/run.js';

const COUNT = 4;
const SIZE = 32;
const CLASSES = 10;
const IMAGES = Float64Array.from(pictures(COUNT, SIZE));
const VALUES = IMAGES.length / COUNT;

/** Cross-entropy of each picture for labels 0, 1, 2, 3, and its gradient, over pixels of 0 to 255. */
async function derivative(
  name: string,
): Promise<(images: Float64Array) => Promise<{ loss: Float64Array; gradient: Float64Array }>> {
  const made = lossAndInputGradient(foldConstants(decodeTflite(readSharedModel(name))), 'cross-entropy');
  const executable = await (await createRuntime('onnxruntime')).load(made.graph);
  const labels = float32(
    [COUNT, CLASSES],
    Array.from({ length: COUNT * CLASSES }, (_, i) => (i % CLASSES === Math.floor(i / CLASSES) ? 1 : 0)),
  );
  return async (images) => {
    const feeds = { [made.input]: float32([COUNT, SIZE, SIZE, 3], Array.from(images)), [LABELS]: labels };
    const results: Readonly<Record<string, Tensor>> = await executable.run(feeds);
    const numbers = (key: string): Float64Array => Float64Array.from(results[key]?.data ?? [], Number);
    return { loss: numbers(made.loss), gradient: numbers(made.gradient) };
  };
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
const rowOf = (all: Float64Array, i: number): Float64Array => all.subarray(i * VALUES, (i + 1) * VALUES);

describe.skipIf(!hasSharedData)('input gradients of a published file', () => {
  test('of floats are what central differences along them give', async () => {
    const at = await derivative('cifar10-resnet8-float.tflite');
    const { gradient } = await at(IMAGES);
    const step = 0.05;
    const norms = Array.from({ length: COUNT }, (_, i) => Math.hypot(...rowOf(gradient, i)));
    const moved = (sign: number): Float64Array =>
      IMAGES.map((x, i) => x + (sign * step * (gradient[i] ?? 0)) / (norms[Math.floor(i / VALUES)] ?? 1));
    const [above, below] = [await at(moved(1)), await at(moved(-1))];
    norms.forEach((norm, i) => {
      const slope = ((above.loss[i] ?? NaN) - (below.loss[i] ?? NaN)) / (2 * step);
      expect(slope / norm, `picture ${i}, norm ${norm}`).toBeCloseTo(1, 1);
    });
  });

  test('of the int8 sibling, straight through its rounding, point where those of floats do', async () => {
    const [float, int8] = [
      await derivative('cifar10-resnet8-float.tflite'),
      await derivative('cifar10-resnet8-int8.tflite'),
    ];
    const [f, g] = [(await float(IMAGES)).gradient, (await int8(IMAGES)).gradient];
    for (let i = 0; i < COUNT; i++) {
      const [a, b] = [rowOf(f, i), rowOf(g, i)];
      expect(dot(a, b) / (Math.hypot(...a) * Math.hypot(...b))).toBeGreaterThan(0.5);
    }
  });
});

test('an int8 Softmax is left out of a classifier that reshapes its probabilities', async () => {
  const [scale, half] = [1 / 64, 1 / 256];
  const file = writeTflite({
    tensors: [
      { type: 'int8', shape: [1, 1, 1, 4], scales: [scale], zeroPoints: [0] },
      { type: 'int8', shape: [1, 1, 1, 4], scales: [half], zeroPoints: [-128] },
      { type: 'int32', shape: [2], data: new Uint8Array(Int32Array.of(1, 4).buffer) },
      { type: 'int8', shape: [1, 4], scales: [half], zeroPoints: [-128] },
    ],
    operators: [
      { code: 25, inputs: [0], outputs: [1], options: [9, float32Field(1)] },
      { code: 22, inputs: [1, 2], outputs: [3] },
    ],
    inputs: [0],
    outputs: [3],
  });
  const graph = toLogits(decodeTflite(file));
  const values = Float32Array.of(1, -0.5, 0.25, 0);
  const { data, shape } = await runImages(graph, values, 1);
  expect([shape, Array.from(data, Number)]).toEqual([
    [1, 4],
    [1, -0.5, 0.25, 0],
  ]);
});
