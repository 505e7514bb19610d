import type { Sample } from '@unpair/classifiers';
import { createRandom } from '@unpair/numerics';
import { describe, expect, test } from 'vitest';

import { addScaled, cosine, dot, norm } from '@unpair/numerics';
import { problemOf, start } from '../support/attack-setup.js';
import type { Exchange } from '../support/drive.js';
import { drive } from '../support/drive.js';
import { LinearClassifier } from '../../../classifiers/test/support/linear-classifier.js';

const SHAPE = [3, 4, 4] as const;
const SIZE = 48;

/** Two classes, one direction: the gradient of the cross-entropy is −w wherever the model is right about class 0. */
function oneDirection(w: Float32Array): LinearClassifier {
  const weights = new Float32Array(2 * SIZE);
  weights.set(w);
  return new LinearClassifier(SHAPE, 2, weights);
}

const direction = new Float32Array(SIZE);
createRandom({ seed: 3, cell: 'direction', sample: 0 }).fillNormal(direction);
const model = oneDirection(direction.map((value) => value / 10));
const sample: Sample = { index: 0, label: 0, input: new Float32Array(SIZE).fill(0.5) };
const uphill = direction.map((value) => -value);

/** The same logits for each of `count` inputs. */
function repeated(logits: Float32Array, count: number): Float32Array {
  return Float32Array.from({ length: count * logits.length }, (_, i) => logits[i % logits.length] ?? 0);
}

/** What an attack under l2 adds to the input in its first step: a multiple of its gradient estimate. */
function firstStep(exchanges: readonly Exchange[], before: Float32Array): Float32Array {
  const candidate = exchanges.at(-1)?.inputs[0] ?? new Float32Array();
  return candidate.map((value, i) => value - (before[i] ?? 0));
}

const shapeOf = (exchanges: readonly Exchange[]): string =>
  exchanges.map(({ kind, inputs }) => `${kind}×${inputs.length}`).join(' ');

describe('rgf', () => {
  test('the estimate on a linear model has mean squared cosine q/(n+q−1)', async () => {
    const samples = 10;
    const problem = await problemOf(model, sample, { norm: 'l2', epsilon: 0.4 });
    let sum = 0;
    const runs = 2000;
    for (let seed = 0; seed < runs; seed++) {
      const run = start('rgf', problem, { samples, sigma: 1e-3 }, seed);
      const exchanges = await drive(run, model, sample, { requests: 2 });
      sum += cosine(firstStep(exchanges, sample.input), uphill) ** 2;
    }
    // Five standard errors: one squared cosine deviates by about 0.07.
    expect(Math.abs(sum / runs - samples / (SIZE + samples - 1))).toBeLessThan((5 * 0.07) / Math.sqrt(runs));
  });

  test('probes lie at σ√n from the point, in directions that differ', async () => {
    const problem = await problemOf(model, sample, { norm: 'linf', epsilon: 0.1 });
    const run = start('rgf', problem, { samples: 4, sigma: 0.01 });
    const [probes] = await drive(run, model, sample, { requests: 1 });
    const steps = probes?.inputs.map((input) => input.map((value) => value - 0.5)) ?? [];
    expect(steps).toHaveLength(4);
    for (const step of steps) expect(norm(step)).toBeCloseTo(0.01 * Math.sqrt(SIZE), 5);
    expect(Math.abs(cosine(steps[0] ?? uphill, steps[1] ?? uphill))).toBeLessThan(0.9);
  });

  test('where no probe moves the loss, σ grows fivefold', async () => {
    const flat = oneDirection(new Float32Array(SIZE));
    const problem = await problemOf(flat, sample, { norm: 'linf', epsilon: 0.1 });
    const run = start('rgf', problem, { samples: 2, sigma: 0.01, budget: 12 });
    const exchanges = await drive(run, flat, sample, { budget: 12 });
    const reach = exchanges.map(({ inputs }) => norm((inputs[0] ?? uphill).map((value) => value - 0.5)));
    [0.01, 0.05, 0.25, 1, 1].forEach((sigma, at) => {
      expect(reach[at]).toBeCloseTo(sigma * Math.sqrt(SIZE), 4);
    });
    expect(exchanges.map(({ inputs }) => inputs.length)).toEqual([2, 2, 2, 2, 2, 1]);
  });

  test('the last estimate takes what the budget leaves but one query, for its candidate', async () => {
    const problem = await problemOf(model, sample, { norm: 'linf', epsilon: 1e-3 });
    const run = start('rgf', problem, { samples: 50, budget: 60 });
    const exchanges = await drive(run, model, sample, { budget: 60 });
    expect(exchanges.map(({ inputs }) => inputs.length)).toEqual([50, 1, 8, 1]);
  });
});

describe('p-rgf', () => {
  const threat = { norm: 'l2', epsilon: 0.4 } as const;

  test('a perfect prior is used alone: gradient, norm estimate, one difference along it, a step', async () => {
    const problem = await problemOf(model, sample, threat);
    const exchanges = await drive(start('p-rgf', problem, {}), model, sample, { requests: 4 });
    expect(shapeOf(exchanges)).toBe('gradient×1 query×10 query×1 query×1');
    expect(cosine(firstStep(exchanges, sample.input), uphill)).toBeCloseTo(1, 4);
  });

  test('a prior that points downhill is turned round', async () => {
    const problem = await problemOf(model, sample, threat);
    const reversed = oneDirection(direction.map((value) => -value));
    const surrogate = new LinearClassifier(SHAPE, 2, model.weights);
    surrogate.gradients = (inputs, objective, count) => reversed.gradients(inputs, objective, count);
    const exchanges = await drive(start('p-rgf', problem, {}), surrogate, sample, { requests: 4 });
    expect(cosine(firstStep(exchanges, sample.input), uphill)).toBeCloseTo(1, 4);
  });

  test('a useless prior leaves plain random directions; a middling one is mixed in by λ', async () => {
    const problem = await problemOf(model, sample, threat);
    const across = uphill.slice();
    // Orthogonal to the gradient, then tilted toward it by a cosine of 0.3.
    for (let i = 0; i < SIZE; i += 2) {
      across[i] = uphill[i + 1] ?? 0;
      across[i + 1] = -(uphill[i] ?? 0);
    }
    const tilted = across.map((value, i) => Math.sqrt(1 - 0.09) * value + 0.3 * (uphill[i] ?? 0));
    const probesWith = async (prior: Float32Array): Promise<readonly Float32Array[]> => {
      const surrogate = new LinearClassifier(SHAPE, 2, model.weights);
      surrogate.gradients = (inputs, _objective, count) =>
        Promise.resolve({
          values: new Float32Array(count),
          logits: new Float32Array(2 * count),
          gradients: inputs.map((_, at) => prior[at % SIZE] ?? 0),
          invalid: new Int32Array(count),
        });
      const run = start('p-rgf', problem, { samples: 50, sigma: 1e-3 });
      const exchanges = await drive(run, surrogate, sample, { requests: 4 });
      expect(shapeOf(exchanges)).toBe('gradient×1 query×10 query×1 query×50');
      return exchanges[3]?.inputs.map((input) => input.map((value) => value - 0.5)) ?? [];
    };
    const meanCosine = (steps: readonly Float32Array[], prior: Float32Array): number =>
      steps.reduce((sum, step) => sum + cosine(step, prior), 0) / steps.length;
    expect(Math.abs(meanCosine(await probesWith(across), across))).toBeLessThan(0.1);
    const mixed = await probesWith(tilted);
    const shares = mixed.map((step) => cosine(step, tilted) ** 2);
    // Every direction has the same share λ of the prior, and keeps its length.
    expect(Math.max(...shares) - Math.min(...shares)).toBeLessThan(1e-3);
    expect(shares[0]).toBeGreaterThan(0.01);
    for (const step of mixed) expect(norm(step)).toBeCloseTo(1e-3 * Math.sqrt(SIZE), 5);
  });

  test('the norm is estimated again at iterations 3 and 10', async () => {
    const problem = await problemOf(model, sample, { norm: 'l2', epsilon: 1e-3 });
    const run = start('p-rgf', problem, { stepSize: 1e-5 });
    const exchanges = await drive(run, model, sample, { requests: 40 });
    const iterations: string[] = [];
    for (const { kind, inputs } of exchanges) {
      if (kind === 'gradient') iterations.push('');
      else iterations.push(`${iterations.pop() ?? ''} ${inputs.length}`.trim());
    }
    expect(iterations.flatMap((sizes, at) => (sizes.startsWith('10') ? [at] : []))).toEqual([0, 3, 10]);
  });

  /** A surrogate whose gradients are orthogonal to the target's, or in its first `silent` answers nothing. */
  const stranger = (target: LinearClassifier, silent = 0): LinearClassifier => {
    const across = uphill.map((_, i) => (i % 2 === 0 ? (uphill[i + 1] ?? 0) : -(uphill[i - 1] ?? 0)));
    const surrogate = new LinearClassifier(SHAPE, 2, target.weights);
    let answers = 0;
    surrogate.logits = (inputs, count) => target.logits(inputs, count);
    surrogate.gradients = (inputs, _objective, count) => {
      const isSilent = answers++ < silent;
      return Promise.resolve({
        values: new Float32Array(count),
        logits: new Float32Array(2 * count),
        gradients: inputs.map((_, at) => (isSilent ? 0 : (across[at % SIZE] ?? 0))),
        invalid: new Int32Array(count),
      });
    };
    return surrogate;
  };

  test('the norm is estimated with the first gradient that the surrogate has', async () => {
    const problem = await problemOf(model, sample, threat);
    const run = start('p-rgf', problem, { samples: 50, sigma: 1e-3, stepSize: 1e-3 });
    const exchanges = await drive(run, stranger(model, 1), sample, { requests: 8 });
    // Nothing to go by: random directions alone. Then the norm and the difference along the prior, which is worth nothing.
    expect(shapeOf(exchanges)).toBe(
      'gradient×1 query×50 query×1 gradient×1 query×10 query×1 query×50 query×1',
    );
  });

  /** The model behind an input of 8 bits: nothing moves its loss that does not move a pixel by half a step. */
  const rounding = oneDirection(model.weights.subarray(0, SIZE));
  rounding.logits = (inputs, count) =>
    model.logits(
      inputs.map((value) => Math.round(value * 255) / 255),
      count,
    );
  const gridSample = { ...sample, input: new Float32Array(SIZE).fill(128 / 255) };

  test('where the target rounds its input, a prior that is worth nothing is not used alone', async () => {
    const problem = await problemOf(rounding, gridSample, threat);
    const run = start('p-rgf', problem, { samples: 50, sigma: 1e-4, stepSize: 0.02 });
    const exchanges = await drive(run, stranger(rounding), gridSample, { requests: 10 });
    const shape = shapeOf(exchanges);
    // σ doubles until the prior moves the loss; then the norm is estimated over such differences.
    expect(shape).toMatch(/^gradient×1 query×10( query×1){2,} query×10 query×50/);
    const before = exchanges.findIndex(({ inputs }, at) => at > 1 && inputs.length === 10);
    const reach = norm((exchanges[before]?.inputs[0] ?? uphill).map((value) => value - 128 / 255));
    expect(reach).toBeGreaterThan(2e-4 * Math.sqrt(SIZE));
  });

  test('a prior has no weight while no difference has moved the loss', async () => {
    // Of all probes, only those along the prior move the loss: the norm stays 0.
    const problem = await problemOf(model, sample, threat);
    const run = start('p-rgf', problem, { samples: 5, sigma: 1e-3 });
    const gated = stranger(model);
    let requests = 0;
    gated.logits = (inputs, count) => {
      const isPrior = count === 1 && requests++ === 0;
      return isPrior ? model.logits(inputs, count) : Promise.resolve(repeated(problem.clean.logits, count));
    };
    const exchanges = await drive(run, gated, sample, { requests: 4 });
    expect(shapeOf(exchanges)).toBe('gradient×1 query×5 query×1 query×5');
  });
});

describe('p-rgf-each', () => {
  const across = uphill.map((_, i) => (i % 2 === 0 ? (uphill[i + 1] ?? 0) : -(uphill[i - 1] ?? 0)));
  const threat = { norm: 'l2', epsilon: 1 } as const;

  /** What two surrogates are told apart by, and what the target is asked, up to its first step. */
  const exchangesWith = async (
    priors: readonly Float32Array[],
    requests: number,
  ): Promise<readonly Exchange[]> => {
    const problem = { ...(await problemOf(model, sample, threat)), surrogates: priors.length };
    const surrogates = new LinearClassifier(SHAPE, 2, model.weights);
    let asked = 0;
    surrogates.gradients = (inputs, _objective, count) => {
      const prior = priors[asked++ % priors.length] ?? uphill;
      return Promise.resolve({
        values: new Float32Array(count),
        logits: new Float32Array(2 * count),
        gradients: inputs.map((_, at) => prior[at % SIZE] ?? 0),
        invalid: new Int32Array(count),
      });
    };
    const run = start('p-rgf-each', problem, { sigma: 1e-3 });
    return drive(run, surrogates, sample, { requests });
  };

  test('a gradient that lies between two of them is found, from a difference along each', async () => {
    // Each at 45° of the target's gradient, and so at a right angle to the other.
    const tilted = [1, -1].map((side) => uphill.map((value, i) => value + side * (across[i] ?? 0)));
    const exchanges = await exchangesWith(tilted, 6);
    expect(shapeOf(exchanges)).toBe('gradient×1 gradient×1 query×10 query×1 query×1 query×1');
    expect(cosine(firstStep(exchanges, sample.input), uphill)).toBeCloseTo(1, 4);
  });

  test('one that says nothing new costs no query', async () => {
    const exchanges = await exchangesWith([uphill, uphill.map((value) => -2 * value)], 5);
    expect(shapeOf(exchanges)).toBe('gradient×1 gradient×1 query×10 query×1 query×1');
    expect(cosine(firstStep(exchanges, sample.input), uphill)).toBeCloseTo(1, 4);
  });

  test('random directions leave out what of the priors is no use', async () => {
    const tilted = across.map((value, i) => Math.sqrt(1 - 0.09) * value + 0.3 * (uphill[i] ?? 0));
    const other = new Float32Array(SIZE);
    createRandom({ seed: 4, cell: 'other', sample: 0 }).fillNormal(other);
    for (const known of [uphill, across]) addScaled(other, -dot(other, known) / dot(known, known), known);
    const exchanges = await exchangesWith([tilted, other], 6);
    const steps = exchanges.at(-1)?.inputs.map((probe) => probe.map((value) => value - 0.5)) ?? [];
    expect(steps).toHaveLength(50);
    expect(Math.max(...steps.map((step) => Math.abs(cosine(step, other))))).toBeLessThan(1e-3);
    expect(Math.min(...steps.map((step) => cosine(step, tilted)))).toBeGreaterThan(0.1);
  });
});
