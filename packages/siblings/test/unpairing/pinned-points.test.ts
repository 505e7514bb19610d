import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { foolingPoints, lossGradientsOf, pathPoints } from '../../src/unpairing/points.js';
import { labelledSamples, randomModel } from '../../../classifiers/test/support/linear-classifier.js';

const model = randomModel('target');
const samples = await labelledSamples(model, 8);
const points = {
  images: Float32Array.from(samples.flatMap(({ input }) => [...input])),
  labels: Int32Array.from(samples, ({ label }) => label),
  indices: samples.map(({ index }) => index),
};

function digestOf(values: Float32Array): string {
  return createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex').slice(0, 16);
}

test.each([
  ['linf', 0.03, ['919a9f52b011f78e', 'eeff15b96a7e64f1', 'c83a21759abd58ab']],
  ['l2', 0.3, ['d61339cced29b61c', '43aae66ab39f2f05', 'bb3c8a3da23d53bb']],
] as const)('under %s moved images are what they were', async (norm, epsilon, pins) => {
  const climb = { threat: { norm, epsilon }, steps: 4 };
  const draw = { seed: 3, epoch: 1 };
  const moved = [
    await foolingPoints(points, lossGradientsOf(model), climb, draw),
    await foolingPoints(points, lossGradientsOf(model), { ...climb, stepSize: epsilon / 4 }, draw),
    await pathPoints(points, lossGradientsOf(model), climb, draw),
  ];
  expect(moved.map(digestOf)).toEqual(pins);
});
