import type { AttackRow, Problem } from '@unpair/attacks';
import type { DifferentiableClassifier } from '@unpair/classifiers';
import { createRandom, mean } from '@unpair/numerics';
import { runAttack } from '@unpair/attacks';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { diversify, drawDiversity, undiversify } from '../../src/transfer/input-diversity.js';
import { attack, problemOf, start } from '../support/attack-setup.js';
import { drive } from '../support/drive.js';
import {
  labelledSamples,
  randomModel,
  siblingOf,
} from '../../../classifiers/test/support/linear-classifier.js';

const model = randomModel('adaptive', [3, 16, 16]);
const sibling = siblingOf(model);
const samples = await labelledSamples(model, 14);
const [sample = { index: 0, label: 0, input: new Float32Array() }] = samples;
const linf: Problem = await problemOf(model, sample, { norm: 'linf', epsilon: 8 / 255 });

/** The model with its input gradients changed: what a defence may do to them. */
function withGradients(
  change: (gradients: Float32Array, inputs: Float32Array) => Float32Array,
): DifferentiableClassifier {
  return {
    shape: sibling.shape,
    classes: sibling.classes,
    logits: (inputs, count) => sibling.logits(inputs, count),
    gradients: async (inputs, objective, count) => {
      const answer = await sibling.gradients(inputs, objective, count);
      return { ...answer, gradients: change(answer.gradients, inputs) };
    },
    close: () => Promise.resolve(),
  };
}

const opposed = withGradients((gradients) => gradients.map((value) => -value));

function run(
  name: string,
  surrogate: DifferentiableClassifier | null,
  parameters: Record<string, number | boolean>,
): Promise<readonly AttackRow[]> {
  const threat = { norm: 'linf', epsilon: 0.03 } as const;
  const surrogates = surrogate === null ? [] : [surrogate];
  const common = { target: model, surrogates, samples, threat, seed: 3, cell: 'adaptive' };
  return runAttack({ definition: attack(name), parameters, ...common });
}

/** Mean queries with failures at the budget, over the samples attacked. */
function cost(rows: readonly AttackRow[], budget: number): number {
  return mean(
    rows
      .filter(({ cleanCorrect }) => cleanCorrect)
      .map(({ success, queries }) => (success ? queries : budget)),
  );
}

describe('an attacker against gradients that point the other way', () => {
  test('pgd on them fails, and pgd that descends is pgd on the gradients themselves', async () => {
    const plain = await run('pgd', sibling, {});
    const successes = (rows: readonly AttackRow[]): number => rows.filter(({ success }) => success).length;
    expect(successes(plain)).toBeGreaterThan(8);
    expect(successes(await run('pgd', opposed, {}))).toBeLessThan(successes(plain) / 3);
    expect(await run('pgd', opposed, { flipped: true })).toEqual(plain);
  });

  test('p-rgf turns the prior round by itself: flipped and absolute priors need no variants', async () => {
    const budget = 300;
    const settings = { budget, samples: 50 };
    const plain = cost(await run('p-rgf', sibling, settings), budget);
    const turned = cost(await run('p-rgf', opposed, settings), budget);
    const without = cost(await run('rgf', null, settings), budget);
    expect(Math.abs(turned / plain - 1)).toBeLessThan(0.15);
    expect(without).toBeGreaterThan(2 * plain);
  });
});

describe('smoothed priors', () => {
  /** Gradients drowned in noise that changes with the least change of the input: a shattered gradient. */
  const shattered = withGradients((gradients, inputs) => {
    const noise = new Float32Array(gradients.length);
    const size = sample.input.length;
    for (let first = 0; first < inputs.length; first += size) {
      const bits = new Uint32Array(inputs.slice(first, first + 1).buffer)[0] ?? 0;
      createRandom({ seed: 1, cell: 'shatter', sample: bits }).fillNormal(
        noise.subarray(first, first + size),
      );
    }
    return gradients.map((value, at) => value + 0.4 * (noise[at] ?? 0));
  });

  test('p-rgf with the mean gradient of noisy copies sees through shattered gradients', async () => {
    const budget = 300;
    const rough = cost(await run('p-rgf', shattered, { budget, samples: 50 }), budget);
    const smooth = cost(await run('p-rgf', shattered, { budget, samples: 50, smoothing: 16 }), budget);
    expect(smooth).toBeLessThan(0.7 * rough);
  });

  test('asks for so many noisy copies of the point, at the deviation that is set', async () => {
    const noise = 0.05;
    const exchanges = await drive(start('p-rgf', linf, { smoothing: 200, noise }), model, sample, {
      requests: 1,
    });
    expect(exchanges[0]).toMatchObject({ kind: 'gradient' });
    expect(exchanges[0]?.inputs).toHaveLength(200);
    const deviations = exchanges[0]?.inputs.map((copy) => (copy[5] ?? 0) - (sample.input[5] ?? 0)) ?? [];
    expect(Math.abs(mean(deviations))).toBeLessThan(4 * (noise / Math.sqrt(200)));
    expect(Math.sqrt(mean(deviations.map((value) => value ** 2)))).toBeCloseTo(noise, 2);
  });
});

describe('input diversity', () => {
  test('shrinks to the nearest pixel and pads with zeros', () => {
    const image = Float32Array.from({ length: 16 }, (_, at) => at + 1);
    // 4 → 3: rows and columns 0, ⌊4/3⌋ = 1, ⌊8/3⌋ = 2; one down, none right.
    const small = diversify(image, [1, 4, 4], { height: 3, width: 3, top: 1, left: 0 });
    expect([...small]).toEqual([0, 0, 0, 0, 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11, 0]);
    expect(diversify(image, [1, 4, 4], { height: 4, width: 4, top: 0, left: 0 })).toEqual(image);
  });

  test('gradients come back by the transpose: ⟨T·x, g⟩ = ⟨x, Tᵀ·g⟩', () => {
    const shape = [2, 6, 7] as const;
    const vector = (cell: string, seed: number): Float32Array => {
      const values = new Float32Array(84);
      createRandom({ seed, cell, sample: 0 }).fillNormal(values);
      return values;
    };
    const inner = (a: Float32Array, b: Float32Array): number =>
      a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e6 }),
        fc.double({ min: 0.1, max: 1, noNaN: true }),
        (seed, least) => {
          const random = createRandom({ seed, cell: 'diversity', sample: 0 });
          const diversity = drawDiversity(shape, { probability: 1, least }, random);
          if (diversity === null) throw new Error('drawn with certainty');
          const [x, g] = [vector('x', seed), vector('g', seed)];
          expect(inner(diversify(x, shape, diversity), g)).toBeCloseTo(
            inner(x, undiversify(g, shape, diversity)),
            3,
          );
          expect(diversity.top + diversity.height).toBeLessThanOrEqual(6);
          expect(diversity.left + diversity.width).toBeLessThanOrEqual(7);
          expect(diversity.height).toBeGreaterThanOrEqual(Math.round(least * 6) || 1);
        },
      ),
    );
  });

  test('comes as often as its probability says', () => {
    const random = createRandom({ seed: 2, cell: 'diversity', sample: 0 });
    const draws = Array.from({ length: 2000 }, () =>
      drawDiversity([3, 32, 32], { probability: 0.3, least: 0.9 }, random),
    );
    const drawn = draws.filter((draw) => draw !== null);
    expect(Math.abs(drawn.length / 2000 - 0.3)).toBeLessThan(0.04);
    expect(new Set(drawn.map(({ height }) => height))).toEqual(new Set([29, 30, 31, 32]));
  });

  test('di-fgsm without it is mi-fgsm, and with it sees other inputs', async () => {
    const points = async (name: string, raw: Record<string, unknown>): Promise<readonly Float32Array[]> =>
      (await drive(start(name, linf, raw), model, sample)).flatMap(({ inputs }) => inputs);
    const plain = await points('mi-fgsm', {});
    expect(await points('di-fgsm', { probability: 0 })).toEqual(plain);
    const diverse = await points('di-fgsm', { probability: 1, least: 0.5 });
    expect(diverse).toHaveLength(plain.length);
    expect(diverse[0]).not.toEqual(sample.input);
  });
});

describe('vmi-fgsm', () => {
  test('asks for the gradient at the point, and around it', async () => {
    const exchanges = await drive(start('vmi-fgsm', linf, { steps: 2, neighbours: 30 }), model, sample);
    expect(exchanges.map(({ kind, inputs }) => `${kind} ${inputs.length}`)).toEqual([
      'gradient 1',
      'gradient 30',
      'gradient 1',
      'gradient 30',
      'query 1',
    ]);
    const distances = exchanges[1]?.inputs.flatMap((near) =>
      Array.from(near, (value, at) => Math.abs(value - (sample.input[at] ?? 0))),
    );
    const furthest = Math.max(...(distances ?? []));
    expect(furthest).toBeLessThanOrEqual((1.5 * 8) / 255 + 1e-6);
    expect(furthest).toBeGreaterThan((1.4 * 8) / 255);
  });

  test('with neighbours at the point itself it is mi-fgsm', async () => {
    const last = async (name: string, raw: Record<string, unknown>): Promise<Float32Array | undefined> =>
      (await drive(start(name, linf, raw), model, sample)).at(-1)?.inputs[0];
    expect(await last('vmi-fgsm', { reach: 0 })).toEqual(await last('mi-fgsm', {}));
  });

  test('adds what the neighbours of the last point had beyond it', async () => {
    let asked = 0;
    const scripted = withGradients((gradients) => gradients.fill([1, 3, -1, -1][asked++] ?? 0));
    const grey = { ...linf, input: new Float32Array(sample.input.length).fill(0.5) };
    const parameters = { steps: 2, momentum: 0, neighbours: 2 };
    const end =
      (await drive(start('vmi-fgsm', grey, parameters), scripted, sample)).at(-1)?.inputs[0]?.[0] ?? 0;
    // First 1, then −1 + (3 − 1) = 1: two steps up, where mi-fgsm without momentum would have turned back.
    expect(end - 0.5).toBeCloseTo(8 / 255, 6);
  });
});
