import { createRandom } from '@unpair/numerics';
import { defaultsOf } from '@unpair/parameters';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Problem } from '../../src/attack.js';
import { drawShuffle, shuffledBlocks, stretches, structure } from '../../src/transfer/blocks.js';
import { checkpoints } from '../../src/transfer/apgd.js';
import { LOSSES } from '../../src/transfer/losses.js';
import { momentum } from '../../src/transfer/momentum.js';
import type { Ascent, Part } from '../../src/transfer/part.js';
import { alongTheLast, flatMaxima, lookAhead, penalizedNorm } from '../../src/transfer/places.js';
import { enlarged, meanSlope } from '../../src/transfer/resized-ensemble.js';
import { separable } from '../../src/transfer/separable.js';
import { gaussian, smoothed, smoothing } from '../../src/transfer/smoothing.js';
import { scales, throughSpectrum } from '../../src/transfer/spectrum.js';
import { byTaps } from '../../src/transfer/taps.js';
import { variants } from '../../src/transfer/presets.js';
import { varianceTuning } from '../../src/transfer/variance.js';
import { problemOf, start } from '../support/attack-setup.js';
import { drive } from '../support/drive.js';
import { labelledSamples, randomModel } from '../../../classifiers/test/support/linear-classifier.js';

const STEP = 0.1;
const EPSILON = 0.5;

/** An ascent from [0.5, 1] whose gradient is the square of each value, of the parts' defaults and what is given. */
function stepsOf(part: Part, given: Record<string, number> = {}, points = Float32Array.of(0.5, 1)): Stepper {
  const { length } = points;
  const problem: Problem = {
    ...{ norm: 'linf', epsilon: EPSILON, input: points, shape: [1, 1, length], classes: 2, surrogates: 1 },
    ...{ goal: { kind: 'avoid', label: 0 }, clean: { labels: Int32Array.of(0) } },
  };
  const asked: Float32Array[] = [];
  const ascent: Ascent = {
    problem,
    parameters: { ...defaultsOf({ ...momentum().parameters, ...part.parameters }), ...given },
    random: createRandom({ seed: 1, cell: 'parts', sample: 0 }),
    pixelStep: STEP,
    momentum: new Float32Array(length),
  };
  const wrapped = part.wrap(function* (inputs) {
    asked.push(inputs.slice());
    return inputs.map((value) => value * value);
  }, ascent);
  const step = (): readonly number[] => {
    const { value } = wrapped(points, 1).next();
    return value instanceof Float32Array ? [...value] : [];
  };
  return { step, asked, ascent };
}

interface Stepper {
  readonly step: () => readonly number[];
  readonly asked: readonly Float32Array[];
  readonly ascent: Ascent;
}

function expectClose(values: readonly number[], expected: readonly number[]): void {
  expect(values).toHaveLength(expected.length);
  values.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i] ?? NaN, 5);
  });
}

describe('one step by hand, where the gradient at x is x² and x = [0.5, 1]', () => {
  test('momentum divides by the mean absolute value of the sample', () => {
    const { step } = stepsOf(momentum(), { momentum: 0.5 });
    // [0.25, 1] / 0.625, and half of it again.
    expectClose(step(), [0.4, 1.6]);
    expectClose(step(), [0.6, 2.4]);
  });

  test('look-ahead takes it where the momentum leads', () => {
    const { step, ascent } = stepsOf(lookAhead, { momentum: 2 });
    ascent.momentum.set([1, -1]);
    expectClose(step(), [0.7 ** 2, 0.8 ** 2]);
  });

  test('EMI averages eleven points along the last gradient', () => {
    const { step, asked } = stepsOf(alongTheLast);
    expectClose(step(), [0.25, 1]);
    // The last, [0.4, 1.6], at shares −7 … 7, whose mean square is 49 · 0.4 = 19.6.
    expectClose(step(), [0.25 + 0.01 * 19.6 * 0.16, 1 + 0.01 * 19.6 * 2.56]);
    expect(asked[1]).toHaveLength(22);
    expect(asked[1]?.[0]).toBeCloseTo(0.5 - 0.7 * 0.4, 6);
  });

  test('PGN mixes it with that one step down', () => {
    const { step } = stepsOf(penalizedNorm, { neighbours: 1, reach: 0 });
    expectClose(step(), [(0.25 + (0.5 - 0.04) ** 2) / 2, (1 + (1 - 0.16) ** 2) / 2]);
  });

  test('MEF moves each point along its own gradients, whose sign turns', () => {
    const { step } = stepsOf(flatMaxima, { neighbours: 1, reach: 0 });
    const along = 0.15 * EPSILON;
    expectClose(step(), [0.25, 1]);
    const second = [(0.5 + along * 0.4) ** 2, (1 + along * 1.6) ** 2] as const;
    expectClose(step(), second);
    const scale = 2 / (second[0] + second[1]);
    const kept = [scale * second[0] - 0.9 * 0.4, scale * second[1] - 0.9 * 1.6] as const;
    expectClose(step(), [(0.5 + along * kept[0]) ** 2, (1 + along * kept[1]) ** 2]);
  });

  test('variance tuning adds what the neighbours had beyond it', () => {
    const { step, asked } = stepsOf(varianceTuning, { neighbours: 1 });
    expectClose(step(), [0.25, 1]);
    const [, near = new Float32Array()] = asked;
    expectClose(step(), [(near[0] ?? 0) ** 2, (near[1] ?? 0) ** 2]);
  });

  test('scaled copies come back through their scale', () => {
    const { step, asked } = stepsOf(scales, { scales: 3 });
    // The mean of x², (x/2)²/2 and (x/4)²/4.
    expectClose(
      step(),
      [0.25, 1].map((value) => (value * (1 + 1 / 8 + 1 / 64)) / 3),
    );
    expect([...(asked[0] ?? [])]).toEqual([0.5, 1, 0.25, 0.5, 0.125, 0.25]);
  });

  test('smoothing spreads it by a Gaussian of three deviations', () => {
    const kernel = gaussian(7);
    const sum = 1 + 2 * (Math.exp(-0.5) + Math.exp(-2) + Math.exp(-4.5));
    expect(kernel[3]).toBeCloseTo(1 / sum, 12);
    expect(kernel[0]).toBeCloseTo(Math.exp(-4.5) / sum, 12);
    const { step } = stepsOf(smoothing);
    const [middle, beside] = [kernel[3] ?? 0, kernel[2] ?? 0];
    // One row: the other direction leaves the middle weight.
    expectClose(step(), [middle * (middle * 0.25 + beside), middle * (beside * 0.25 + middle)]);
    const impulse = new Float32Array(25);
    impulse[12] = 1;
    const spread = smoothed(impulse, [1, 5, 5], gaussian(3));
    expect(spread[6]).toBeCloseTo((gaussian(3)[0] ?? 0) ** 2, 7);
    expect(spread[13]).toBeCloseTo((gaussian(3)[1] ?? 0) * (gaussian(3)[2] ?? 0), 7);
  });
});

describe('changes of the input', () => {
  const shape = [2, 7, 6] as const;
  const size = 84;
  const vector = (cell: string, seed: number): Float32Array => {
    const values = new Float32Array(size);
    createRandom({ seed, cell, sample: 0 }).fillNormal(values);
    return values;
  };
  const inner = (a: Float32Array, b: Float32Array): number =>
    a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);
  /** What one part makes of one image, and of one gradient: mean of copies, the linear part alone. */
  const through = (
    part: Part,
    seed: number,
    image: Float32Array,
    gradient: Float32Array,
  ): [number, number] => {
    const problem: Problem = {
      ...{ norm: 'linf', epsilon: 1e-9, input: image, shape, classes: 2, surrogates: 1 },
      ...{ goal: { kind: 'avoid', label: 0 }, clean: { labels: Int32Array.of(0) } },
    };
    const ascent: Ascent = {
      ...{ problem, parameters: { ...defaultsOf(part.parameters), copies: 1 }, pixelStep: 0 },
      ...{ random: createRandom({ seed, cell: 'changes', sample: 0 }), momentum: new Float32Array(size) },
    };
    let changed = image;
    const run = part.wrap(function* (inputs) {
      changed = inputs.slice();
      return gradient;
    }, ascent)(image, 1);
    const { value } = run.next();
    return [
      inner(changed, gradient),
      inner(image, value instanceof Float32Array ? value : new Float32Array()),
    ];
  };

  test.each([
    ['structure', structure],
    ['shuffled blocks', shuffledBlocks],
  ])('gradients come back through %s by the transpose', (_, part) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
        const [forth, back] = through(part, seed, vector('x', seed), vector('g', seed));
        expect(forth).toBeCloseTo(back, 3);
      }),
      { numRuns: 30 },
    );
  });

  test('and through spectra and larger canvases', () => {
    const random = createRandom({ seed: 3, cell: 'resized', sample: 0 });
    const mask = vector('mask', 1);
    const transform = throughSpectrum(new Float32Array(size), mask, shape);
    const [x, g] = [vector('x', 1), vector('g', 1)];
    expect(inner(transform.apply(x), g)).toBeCloseTo(inner(x, transform.transpose(g)), 3);
    const rows = enlarged(7, 1.2, 1.66, random);
    // Rows are shares of pixels: 1 in all inside the canvas, less at its border.
    for (let row = 0; row < 7; row++) {
      const sum = rows.values.subarray(row * 7, row * 7 + 7).reduce((total, value) => total + value, 0);
      expect(sum).toBeLessThanOrEqual(1 + 1e-9);
    }
  });

  test('are the image itself where nothing is to change', () => {
    const random = createRandom({ seed: 3, cell: 'same', sample: 0 });
    const x = vector('x', 2);
    const same = (values: Float32Array): void => {
      expectClose([...values], [...x]);
    };
    same(throughSpectrum(new Float32Array(size), new Float32Array(size).fill(1), shape).apply(x));
    same(byTaps(drawShuffle(shape, 1, 0, random), shape).apply(x));
    same(separable(x, shape, enlarged(7, 1, 1, random), enlarged(6, 1, 1, random)));
  });

  test('shuffling without rotation loses no pixel', () => {
    const random = createRandom({ seed: 3, cell: 'shuffle', sample: 0 });
    const x = vector('x', 3);
    const moved = byTaps(drawShuffle(shape, 3, 0, random), shape).apply(x);
    expect([...moved].toSorted()).toEqual([...x].toSorted());
    expect(moved).not.toEqual(x);
  });

  test('stretches cover a side, each of a pixel at least', () => {
    const random = createRandom({ seed: 3, cell: 'stretches', sample: 0 });
    for (const side of [1, 2, 3, 10]) {
      const cut = stretches(side, 3, random);
      expect(cut).toHaveLength(Math.min(3, side));
      expect(cut.reduce((sum, { first, end }) => sum + end - first, 0)).toBe(side);
      for (const { first, end } of cut) expect(end).toBeGreaterThan(first);
    }
  });
});

describe('losses', () => {
  const model = randomModel('losses', [1, 3, 3], 5);

  test.each(['logit', 'margin', 'dlr'] as const)('the gradient of %s is its slope', async (name) => {
    const [sample = { index: 0, label: 0, input: new Float32Array(9) }] = await labelledSamples(model, 1);
    for (const goal of [
      { kind: 'avoid', label: sample.label },
      { kind: 'reach', class: 3 },
    ] as const) {
      const problem = { ...(await problemOf(model, sample, { norm: 'linf', epsilon: 0.1 })), goal };
      const at = async (point: Float32Array): Promise<{ value: number; gradient: Float32Array }> => {
        let found: { value: number; gradient: Float32Array } = { value: NaN, gradient: new Float32Array() };
        const run = LOSSES[name](problem, point, 1);
        await drive(
          (function* () {
            const { values, gradients } = yield* run;
            found = { value: values[0] ?? NaN, gradient: gradients };
          })(),
          model,
          sample,
        );
        return found;
      };
      const { value, gradient } = await at(sample.input);
      for (const i of [0, 4, 8]) {
        const near = sample.input.slice();
        near[i] = (near[i] ?? 0) + 1e-2;
        expect(((await at(near)).value - value) / 1e-2).toBeCloseTo(gradient[i] ?? NaN, 1);
      }
    }
  });

  test('of mean logits the slope is that of softmax, shared by the copies', () => {
    const slope = meanSlope({ kind: 'avoid', label: 0 }, Float32Array.of(0, 2, 2, 0), 2);
    expectClose([...slope], [-0.25, 0.25]);
    const reach = meanSlope({ kind: 'reach', class: 0 }, Float32Array.of(0, 2, 2, 0), 2);
    expectClose([...reach], [0.25, -0.25]);
  });
});

test('ILPD takes its gradient where the perturbation is damped, on a noisy clean image', async () => {
  const model = randomModel('target');
  const [sample] = await labelledSamples(model, 1);
  if (sample === undefined) throw new Error('no sample');
  const problem = await problemOf(model, sample, { norm: 'linf', epsilon: 0.1 });
  const run = start('ilpd', problem, { steps: 2, stepSize: 0.02, share: 0.25, noise: 0.1 });
  const first = run.next().value;
  if (first?.kind !== 'gradient' || first.objective.kind !== 'decayed-features') throw new Error('no ILPD');
  const { reference, share, label } = first.objective;
  expect([share, label]).toEqual([0.25, sample.label]);
  const noise = reference.map((value, i) => value - (sample.input[i] ?? 0));
  expect(Math.sqrt(noise.reduce((sum, value) => sum + value ** 2, 0) / noise.length)).toBeCloseTo(0.1, 1);
  const gradients = sample.input.map((_, i) => (i % 2 === 0 ? 1 : -1));
  const answer = {
    values: Float32Array.of(0),
    gradients,
    logits: new Float32Array(5),
    invalid: Int32Array.of(0),
  };
  const second = run.next({ kind: 'gradient', ...answer }).value;
  if (second?.kind !== 'gradient' || second.objective.kind !== 'decayed-features')
    throw new Error('one step');
  // Up by a step where the gradient is positive, and noise of its own the next time.
  second.inputs.forEach((value, i) => {
    const moved = (sample.input[i] ?? 0) + (i % 2 === 0 ? 0.02 : -0.02);
    expect(value).toBeCloseTo(Math.min(1, Math.max(0, moved)), 6);
  });
  expect(second.objective.reference).not.toEqual(reference);
});

test('APGD judges its steps after 22, 41, 57, 70, 80, 87, 93 and 99 of 100', () => {
  expect([...checkpoints(100)]).toEqual([22, 41, 57, 70, 80, 87, 93, 99]);
});

test('a step costs as many gradients as the literature counts', async () => {
  const model = randomModel('costs', [3, 8, 8]);
  const [sample = { index: 0, label: 0, input: new Float32Array() }] = await labelledSamples(model, 1);
  const problem = await problemOf(model, sample, { norm: 'linf', epsilon: 8 / 255 });
  const costs: Record<string, number> = {};
  for (const { name } of variants) {
    const exchanges = await drive(start(name, problem, { steps: 1 }), model, sample);
    costs[name] = exchanges.reduce(
      (sum, { kind, inputs }) => sum + (kind === 'gradient' ? inputs.length : 0),
      0,
    );
  }
  expect(costs).toEqual({
    ...{ 'ni-fgsm': 1, 'si-ni-fgsm': 5, 'si-fgsm': 5, 'ti-fgsm': 1, 'vni-fgsm': 21, 'emi-fgsm': 11 },
    ...{ pgn: 40, mef: 20, ssa: 20, sia: 20, bsr: 20, dem: 5, ilpd: 1, logit: 1 },
  });
});

test('slots that are filled as a preset are that preset', async () => {
  const model = randomModel('slots', [3, 8, 8]);
  const [sample = { index: 0, label: 0, input: new Float32Array() }] = await labelledSamples(model, 1);
  const problem = await problemOf(model, sample, { norm: 'linf', epsilon: 8 / 255 });
  const end = async (name: string, raw: Record<string, unknown>): Promise<unknown> => {
    // Of one stream: `start` draws from the attack's name.
    const exchanges = await drive(start(name, problem, { steps: 3, ...raw }), model, sample);
    return exchanges.at(-1)?.inputs;
  };
  const stepSize = 8 / 255 / 3;
  expect(await end('ascent', { stepSize, look: 'ni', input: 'si' })).toEqual(await end('si-ni-fgsm', {}));
  expect(await end('ascent', { stepSize, smooth: 'ti' })).toEqual(await end('ti-fgsm', {}));
});
