import { foldBatchNormalization } from '@unpair/graph';
import { createDifferentiableClassifier } from '@unpair/classifiers';
import { firstImages } from '@unpair/training';
import { createRuntime } from '@unpair/runtime';
import { expect, it } from 'vitest';
import { loadOwnGradient } from '../../src/unpairing/own-gradient.js';
import { pathPoints } from '../../src/unpairing/points.js';
import { trainableLoss } from '@unpair/training';
import { brightSamples, smallResnet } from '../../../training/test/support/bright-samples.js';

const runtime = await createRuntime();
const samples = brightSamples(8);
const images = firstImages(samples, 8);
const threat = { norm: 'linf', epsilon: 8 / 255 } as const;

it('is the input gradient of the model with the weights that it is given', async () => {
  // Without normalization, what training and inference compute is the same.
  const [first, second] = [smallResnet(3), smallResnet(4)].map(foldBatchNormalization);
  if (first === undefined || second === undefined) throw new Error('two models');
  const own = await loadOwnGradient({ graph: first, runtime, rows: 8 });
  const names = trainableLoss(first, 8, 'batch').weights.map(({ name }) => name);
  for (const model of [first, second]) {
    const weights = Object.fromEntries(
      names.flatMap((name) => {
        const tensor = model.initializers.get(name);
        return tensor === undefined ? [] : [[name, tensor] as const];
      }),
    );
    const classifier = await createDifferentiableClassifier({ graph: model, runtime });
    const expected = await classifier.gradients(images, { kind: 'cross-entropy', labels: samples.labels }, 8);
    const given = await own.with(weights)(images, samples.labels);
    await classifier.close();
    const largest = Math.max(...expected.gradients.map(Math.abs));
    given.gradients.forEach((value, i) => {
      expect(Math.abs(value - (expected.gradients[i] ?? NaN))).toBeLessThan(1e-4 * largest);
    });
    given.values.forEach((loss, i) => {
      expect(loss).toBeCloseTo(expected.values[i] ?? NaN, 4);
    });
  }
  await own.close();
});

it('moves images along the path of an attack, each for a number of steps of its own', async () => {
  const asked: number[] = [];
  const model = (images: Float32Array, labels: Int32Array): Promise<{ readonly gradients: Float32Array }> => {
    asked.push(labels.length);
    return Promise.resolve({ gradients: images.map(() => 1) });
  };
  const points = {
    images: new Float32Array(8 * 192).fill(0.5),
    labels: samples.labels,
    indices: [0, 1, 2, 3, 4, 5, 6, 7],
  };
  const moved = await pathPoints(points, model, { threat, steps: 3 }, { seed: 1, epoch: 0 });
  expect(asked).toEqual([8, 8, 8]);
  // Three steps of half epsilon reach the far side of the ball from anywhere that is not too low; one does not.
  const share = Array.from({ length: 8 }, (_, row) => {
    const part = moved.subarray(row * 192, (row + 1) * 192);
    return part.filter((value) => value > 0.5 + threat.epsilon - 1e-6).length / 192;
  });
  expect(Math.min(...share)).toBeLessThan(0.4);
  expect(Math.max(...share)).toBeGreaterThan(0.6);
  expect(await pathPoints(points, model, { threat, steps: 3 }, { seed: 1, epoch: 0 })).toEqual(moved);
});
