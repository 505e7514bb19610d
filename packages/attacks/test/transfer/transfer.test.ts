import type { Problem } from '@unpair/attacks';
import { argmax } from '@unpair/classifiers';
import { distance } from '@unpair/numerics';
import { describe, expect, test } from 'vitest';

import { problemOf, start } from '../support/attack-setup.js';
import { drive } from '../support/drive.js';
import { labelledSamples, randomModel } from '../../../classifiers/test/support/linear-classifier.js';

const model = randomModel('transfer');
const [sample = { index: 0, label: 0, input: new Float32Array() }] = await labelledSamples(model, 1);
const linf: Problem = await problemOf(model, sample, { norm: 'linf', epsilon: 8 / 255 });

describe('pgd', () => {
  test('takes its steps on the surrogate, from a random start, and queries the target once', async () => {
    const exchanges = await drive(start('pgd', linf, { steps: 7 }), model, sample);
    expect(exchanges.map(({ kind }) => kind)).toEqual([...Array<string>(7).fill('gradient'), 'query']);
    const points = exchanges.map(({ inputs }) => inputs[0] ?? sample.input);
    expect(distance(points[0] ?? sample.input, sample.input).linf).toBeGreaterThan(4 / 255);
    points.forEach((point, step) => {
      const moved = distance(point, points[Math.max(0, step - 1)] ?? point).linf;
      expect(moved).toBeLessThanOrEqual(2 / 255 + 1e-6);
      expect(distance(point, sample.input).linf).toBeLessThanOrEqual(8 / 255 + 1e-6);
    });
  });

  test('without a random start it starts at the clean input', async () => {
    const [first] = await drive(start('pgd', linf, { randomStart: false }), model, sample, { requests: 1 });
    expect(first?.inputs[0]).toEqual(sample.input);
  });

  test('restarts until a candidate fools the surrogate, and sends that one', async () => {
    const tiny = { ...linf, epsilon: 1e-4 };
    const all = await drive(start('pgd', tiny, { steps: 2, restarts: 3 }), model, sample);
    // Two checks between three runs; none fools the model, so the last candidate goes out.
    expect(all.map(({ kind }) => kind).join(' ')).toBe(`${'gradient '.repeat(3 + 3 + 2)}query`);
    const wide = { ...linf, epsilon: 0.3 };
    const one = await drive(start('pgd', wide, { steps: 5, restarts: 3 }), model, sample);
    expect(one).toHaveLength(5 + 1 + 1);
    expect(argmax(one.at(-1)?.logits ?? new Float32Array())).not.toBe(sample.label);
  });
});

describe('mi-fgsm', () => {
  test('starts clean and takes steps of epsilon / steps', async () => {
    const exchanges = await drive(start('mi-fgsm', linf, { steps: 4 }), model, sample);
    expect(exchanges.map(({ kind }) => kind)).toEqual([
      'gradient',
      'gradient',
      'gradient',
      'gradient',
      'query',
    ]);
    const points = exchanges.map(({ inputs }) => inputs[0] ?? sample.input);
    expect(points[0]).toEqual(sample.input);
    for (let step = 1; step < points.length; step++) {
      const moved = distance(points[step] ?? sample.input, points[step - 1] ?? sample.input).linf;
      expect(moved).toBeCloseTo(2 / 255, 6);
    }
  });

  test('momentum outweighs a gradient that turns', async () => {
    const turning = randomModel('transfer');
    let step = 0;
    // First gradient +1, then −0.4 for every pixel: the accumulated direction is +1 − 1 · decay …
    turning.gradients = (inputs, _objective, count) =>
      Promise.resolve({
        values: new Float32Array(count),
        logits: new Float32Array(count * turning.classes),
        gradients: new Float32Array(inputs.length).fill(step++ === 0 ? 1 : -0.4),
        invalid: new Int32Array(count),
      });
    const grey = { ...linf, input: new Float32Array(sample.input.length).fill(0.5) };
    const end = async (momentum: number): Promise<number> => {
      step = 0;
      const exchanges = await drive(start('mi-fgsm', grey, { steps: 2, momentum }), turning, sample);
      return (exchanges.at(-1)?.inputs[0]?.[0] ?? 0) - 0.5;
    };
    // Normalised to mean 1, the two gradients are +1 and −1: decay 0 returns, decay 2 goes on.
    expect(await end(0)).toBeCloseTo(0, 6);
    expect(await end(2)).toBeCloseTo(8 / 255, 6);
  });
});
