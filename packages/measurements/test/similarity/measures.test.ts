import type { DifferentiableClassifier, Sample } from '@unpair/classifiers';
import { crossEntropy } from '@unpair/classifiers';
import type { SimilarityInputs } from '@unpair/measurements';
import { bootstrapSamples, createRandom, distance } from '@unpair/numerics';
import { measureSimilarity, resampledCka } from '@unpair/measurements';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { curvatures } from '../../src/similarity/curvature.js';
import { gramWithoutDiagonal, unbiasedHsic } from '../../src/similarity/hsic.js';
import { klDivergence, logitCorrelation } from '../../src/similarity/outputs.js';
import { inputsToCompare } from '../../src/similarity/similarity-inputs.js';
import { golden } from '../../../attacks/test/support/golden.js';
import {
  labelledSamples,
  randomModel,
  siblingOf,
} from '../../../classifiers/test/support/linear-classifier.js';

const logits = fc.array(fc.float({ min: -30, max: 30, noNaN: true }), { minLength: 6, maxLength: 6 });
const threat = { norm: 'linf', epsilon: 0.03 } as const;

describe('output measures', () => {
  test.each(golden.outputs)('agree with scipy and numpy', ({ p, q, kl, correlation }) => {
    expect(klDivergence(Float32Array.from(p), Float32Array.from(q))).toBeCloseTo(kl, 5);
    expect(logitCorrelation(Float32Array.from(p), Float32Array.from(q))).toBeCloseTo(correlation, 6);
  });

  test('the divergence is 0 from itself alone, and the correlation symmetric and within [-1, 1]', () => {
    fc.assert(
      fc.property(logits, logits, (a, b) => {
        const [p, q] = [Float32Array.from(a), Float32Array.from(b)];
        expect(klDivergence(p, p)).toBeCloseTo(0, 12);
        expect(klDivergence(p, q)).toBeGreaterThanOrEqual(0);
        expect(logitCorrelation(p, q)).toBe(logitCorrelation(q, p));
        expect(Math.abs(logitCorrelation(p, q))).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('neither moves with an offset of all logits, and constant logits correlate with nothing', () => {
    const [p, q] = [Float32Array.of(1, 2, 4), Float32Array.of(0, 8, 2)];
    const raised = q.map((value) => value + 16);
    expect(klDivergence(p, raised)).toBeCloseTo(klDivergence(p, q), 12);
    expect(logitCorrelation(p, raised)).toBeCloseTo(logitCorrelation(p, q), 12);
    expect(logitCorrelation(p, Float32Array.of(3, 3, 3))).toBe(0);
  });
});

/** Features [samples, width] from a stream. */
function features(name: string, samples: number, width: number): Float32Array {
  const values = new Float32Array(samples * width);
  createRandom({ seed: 3, cell: name, sample: 0 }).fillNormal(values);
  return values;
}

function ckaOf(x: Float32Array, y: Float32Array, samples: number): number {
  const [k, l] = [gramWithoutDiagonal(x, samples), gramWithoutDiagonal(y, samples)];
  const row = {
    sample: 0,
    cross: unbiasedHsic(k, l, samples),
    surrogate: unbiasedHsic(k, k, samples),
    target: unbiasedHsic(l, l, samples),
  };
  return resampledCka([row])(Uint32Array.of(1));
}

describe('linear CKA', () => {
  const { samples, x, y, xx, yy, xy } = golden.alignment;
  const [k, l] = [x, y].map((values) => gramWithoutDiagonal(Float32Array.from(values), samples));

  test('the estimator in closed form is the mean over all quadruples', () => {
    if (k === undefined || l === undefined) throw new Error('two matrices');
    expect(unbiasedHsic(k, k, samples) / xx).toBeCloseTo(1, 6);
    expect(unbiasedHsic(l, l, samples) / yy).toBeCloseTo(1, 6);
    expect(unbiasedHsic(k, l, samples) / xy).toBeCloseTo(1, 6);
    expect(unbiasedHsic(l, k, samples)).toBeCloseTo(unbiasedHsic(k, l, samples), 12);
  });

  test('does not move with rotation, reflection, scale or offset of the features', () => {
    const own = features('own', 12, 2);
    const other = own.map((value, at) => value + 0.5 * (features('noise', 12, 2)[at] ?? 0));
    const plain = ckaOf(own, other, 12);
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 7, noNaN: true }),
        fc.double({ min: 0.1, max: 9, noNaN: true }),
        fc.double({ min: -5, max: 5, noNaN: true }),
        fc.boolean(),
        (angle, scale, offset, mirror) => {
          const turned = own.map((value, at) => {
            const [a, b] = at % 2 === 0 ? [value, own[at + 1] ?? 0] : [own[at - 1] ?? 0, value];
            const flipped = mirror ? -b : b;
            const [first, second] = [Math.cos(angle), Math.sin(angle)];
            const rotated = at % 2 === 0 ? first * a - second * flipped : second * a + first * flipped;
            return scale * rotated + offset;
          });
          expect(ckaOf(turned, other, 12)).toBeCloseTo(plain, 4);
        },
      ),
    );
    expect(plain).toBeGreaterThan(0.5);
    expect(ckaOf(other, own, 12)).toBeCloseTo(plain, 12);
  });

  test('is 1 for a model with itself, and around 0 for features that have nothing to do with each other', () => {
    const own = features('own', 16, 8);
    expect(ckaOf(own, own, 16)).toBeCloseTo(1, 12);
    const rows = Array.from({ length: 60 }, (_, batch) => {
      const [a, b] = ['left', 'right'].map((side) =>
        gramWithoutDiagonal(features(`${side} ${batch}`, 16, 8), 16),
      );
      if (a === undefined || b === undefined) throw new Error('two matrices');
      const [cross, surrogate, target] = [
        unbiasedHsic(a, b, 16),
        unbiasedHsic(a, a, 16),
        unbiasedHsic(b, b, 16),
      ];
      return { sample: 16 * batch, cross, surrogate, target };
    });
    const random = createRandom({ seed: 1, cell: 'cka', sample: 0 });
    const { value, low, high } = bootstrapSamples(rows.length, resampledCka(rows), random, 200);
    expect(Math.abs(value)).toBeLessThan(0.05);
    expect(low).toBeLessThan(0);
    expect(high).toBeGreaterThan(0);
  });

  test('refuses too few samples, and says nothing of features that do not vary', () => {
    expect(() => unbiasedHsic(new Float64Array(9), new Float64Array(9), 3)).toThrow(
      'at least 4 samples, got 3',
    );
    expect(ckaOf(new Float32Array(12).fill(2), features('own', 6, 2), 6)).toBeNaN();
  });
});

const target = randomModel('target');
const surrogate = siblingOf(target);
const samples = await labelledSamples(target, 30);

/** Loss ½·Σ a_i·x_i²: gradient a·x, Hessian diag(a). */
function quadratic(...a: readonly number[]): DifferentiableClassifier {
  return {
    shape: [1, 1, a.length],
    classes: 2,
    logits: (_inputs, count) => Promise.resolve(new Float32Array(2 * count)),
    gradients: (inputs, _objective, count) =>
      Promise.resolve({
        values: new Float32Array(count),
        gradients: inputs.map((value, at) => value * (a[at % a.length] ?? 0)),
        invalid: new Int32Array(count),
        logits: new Float32Array(2 * count),
      }),
    close: () => Promise.resolve(),
  };
}

describe('curvature', () => {
  test('of a quadratic is the length of its Hessian along the gradient', async () => {
    const model = quadratic(3, 1);
    const flat: readonly Sample[] = [
      { index: 0, label: 0, input: Float32Array.of(0.5, 0) },
      { index: 1, label: 0, input: Float32Array.of(0.25, 0.75) },
      { index: 2, label: 0, input: Float32Array.of(0, 0) },
    ];
    const gradients = flat.map(({ input }) => ({
      gradient: Float32Array.of(3 * (input[0] ?? 0), input[1] ?? 0),
      invalid: 0,
      logits: new Float32Array(2),
    }));
    const [along, across, none] = await curvatures([model], flat, gradients, {});
    expect(along).toBeCloseTo(3, 4);
    // u = (1, 1)/√2, H·u = (3, 1)/√2.
    expect(across).toBeCloseTo(Math.sqrt(5), 4);
    expect(none).toBe(0);
  });
});

test('curvature of a model without a gradient outside [0, 1] is taken on the border', async () => {
  const whole = quadratic(3, 1);
  const partial: DifferentiableClassifier = {
    ...whole,
    async gradients(inputs, objective, count) {
      const answer = await whole.gradients(inputs, objective, count);
      for (let row = 0; row < count; row++) {
        if ((inputs[2 * row] ?? 0) <= 1) continue;
        answer.gradients.fill(0, 2 * row, 2 * row + 2);
        answer.invalid[row] = 2;
      }
      return answer;
    },
  };
  const pixels = [Float32Array.of(0.999, 0), Float32Array.of(0.5, 0), Float32Array.of(1, 0)];
  const near = pixels.map((input, index): Sample => ({ index, label: 0, input }));
  const gradients = pixels.map(([x = 0, y = 0]) => ({
    gradient: Float32Array.of(3 * x, y),
    invalid: 0,
    logits: new Float32Array(2),
  }));
  const [short, long, none] = await curvatures([partial], near, gradients, {});
  expect(short).toBeCloseTo(3, 2);
  expect(long).toBeCloseTo(3, 4);
  expect(none).toBe(0);
});

describe('inputs to compare', () => {
  const inputsOf = (inputs: SimilarityInputs, seed = 7): Promise<readonly Sample[]> =>
    inputsToCompare(target, samples, { inputs, threat, seed });

  test('clean ones are the samples, noised ones lie in the ball and depend on the seed alone', async () => {
    expect(await inputsOf('clean')).toEqual(samples);
    const noised = await inputsOf('noised');
    noised.forEach(({ input, index, label }, row) => {
      expect([index, label]).toEqual([samples[row]?.index, samples[row]?.label]);
      const { linf } = distance(input, samples[row]?.input ?? input);
      expect(linf).toBeGreaterThan(threat.epsilon / 2);
      expect(linf).toBeLessThanOrEqual(threat.epsilon + 1e-6);
    });
    expect(await inputsOf('noised')).toEqual(noised);
    expect(await inputsOf('noised', 8)).not.toEqual(noised);
  });

  test('adversarial ones raise the target’s loss, at the surface of the ball', async () => {
    const adversarial = await inputsOf('adversarial');
    for (const [row, { input, label }] of adversarial.entries()) {
      const clean = samples[row]?.input ?? input;
      const [before, after] = await Promise.all(
        [clean, input].map(async (point) => crossEntropy(await target.logits(point, 1), label)),
      );
      expect(after).toBeGreaterThan(before ?? Infinity);
      expect(distance(input, clean).linf).toBeCloseTo(threat.epsilon, 5);
    }
  });
});

describe.each(['clean', 'noised', 'adversarial'] as const)('similarity on %s inputs', (inputs) => {
  const measure = (
    published: DifferentiableClassifier,
    batchSize: number,
    part: readonly Sample[] = samples,
  ): ReturnType<typeof measureSimilarity> =>
    measureSimilarity([published], target, part, { inputs, threat, seed: 7, batchSize });

  test('rows are the same for any batch size and sharding', async () => {
    const whole = await measure(surrogate, 64);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 30 }),
        async (size, cut) => {
          const shards = [
            await measure(surrogate, size, samples.slice(0, cut)),
            await measure(surrogate, size + 2, samples.slice(cut)),
          ];
          expect(shards.flat()).toEqual(whole);
        },
      ),
      { numRuns: 8 },
    );
  });

  test('a gradient with NaN or infinite entries is told, for each of the two models', async () => {
    const partial: DifferentiableClassifier = {
      shape: surrogate.shape,
      classes: surrogate.classes,
      logits: (batch, count) => surrogate.logits(batch, count),
      gradients: async (batch, objective, count) => {
        const answer = await surrogate.gradients(batch, objective, count);
        answer.invalid.fill(1);
        return answer;
      },
      close: () => Promise.resolve(),
    };
    for (const row of await measure(surrogate, 16)) {
      expect(row).toMatchObject({ surrogateInvalid: false, targetInvalid: false });
    }
    for (const row of await measure(partial, 16)) {
      expect(row).toMatchObject({ surrogateInvalid: true, targetInvalid: false });
    }
    const turned = await measureSimilarity([target], partial, samples, {
      ...{ inputs, threat },
      seed: 7,
      batchSize: 16,
    });
    for (const row of turned) expect(row).toMatchObject({ surrogateInvalid: false, targetInvalid: true });
  });

  test('a model is like itself, and less like its sibling', async () => {
    for (const row of await measure(target, 16)) {
      expect(row).toMatchObject({ agree: true, klDivergence: 0, targetNorm: row.surrogateNorm });
      expect(row.cosine).toBeCloseTo(1, 6);
      expect(row.logitCorrelation).toBeCloseTo(1, 6);
      expect(row.targetCurvature).toBe(row.surrogateCurvature);
    }
    for (const row of await measure(surrogate, 16)) {
      expect(row.cosine).toBeGreaterThan(-1);
      expect(row.cosine).toBeLessThan(0.99);
      expect(row.logitCorrelation).toBeLessThan(0.999);
      expect(row.klDivergence).toBeGreaterThan(0);
    }
  });
});
