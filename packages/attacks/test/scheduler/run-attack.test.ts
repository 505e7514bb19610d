import type { AttackRow } from '@unpair/attacks';
import type { Threat } from '@unpair/numerics';
import { runAttack } from '@unpair/attacks';
import { expect, test } from 'vitest';

import { attack } from '../support/attack-setup.js';
import {
  LinearClassifier,
  labelledSamples,
  randomModel,
  siblingOf,
} from '../../../classifiers/test/support/linear-classifier.js';

const target = randomModel('target');
const surrogate = siblingOf(target);
const samples = await labelledSamples(target, 40);
const threats: Threat[] = [
  { norm: 'linf', epsilon: 0.03 },
  { norm: 'l2', epsilon: 0.3 },
];
/** Small runs, so that budgets end some samples and success others. */
const parameters: Readonly<Record<string, Record<string, number>>> = {
  rgf: { budget: 120, samples: 20 },
  'p-rgf': { budget: 120, samples: 20 },
  square: { budget: 60 },
};

interface Variation {
  readonly batchSize?: number;
  readonly from?: number;
  readonly to?: number;
}

function run(
  name: string,
  threat: Threat,
  { batchSize = 16, from = 0, to = 40 }: Variation = {},
): Promise<readonly AttackRow[]> {
  return runAttack({
    definition: attack(name),
    parameters: parameters[name] ?? {},
    target,
    surrogates: [surrogate],
    samples: samples.slice(from, to),
    threat,
    seed: 7,
    cell: `test/${name}`,
    batchSize,
  });
}

test('a sample that the target gets wrong is not attacked', async () => {
  const rows = await run('square', threats[0] ?? { norm: 'linf', epsilon: 0.03 });
  const wrong = rows.filter(({ cleanCorrect }) => !cleanCorrect);
  expect(wrong.map(({ sample }) => sample)).toEqual([6, 13, 20, 27, 34]);
  for (const row of wrong) {
    expect(row).toMatchObject({ success: false, successRounded: false, queries: 0, linf: 0, l2: 0 });
  }
});

test('with nothing left to attack, the rows still come', async () => {
  const wrong = samples.filter(({ index }) => index % 7 === 6);
  const common = {
    definition: attack('p-rgf'),
    parameters: {},
    target,
    surrogates: [surrogate],
    seed: 1,
    cell: 'none',
  };
  const threat = { norm: 'linf', epsilon: 0.1 } as const;
  expect(await runAttack({ ...common, samples: wrong, threat })).toHaveLength(5);
  expect(await runAttack({ ...common, samples: [], threat })).toEqual([]);
});

test.each([1, 7, 20, 21, 22, 33])('a budget of %d is never exceeded by requests of 20', async (budget) => {
  for (const name of ['rgf', 'p-rgf']) {
    const rows = await runAttack({
      definition: attack(name),
      parameters: { budget, samples: 20 },
      target,
      surrogates: [surrogate],
      samples,
      threat: { norm: 'linf', epsilon: 1e-4 },
      seed: 1,
      cell: 'budget',
    });
    expect(Math.max(...rows.map(({ queries }) => queries))).toBeLessThanOrEqual(budget);
  }
});

test('batches are full while enough samples are under way', async () => {
  const many = await labelledSamples(target, 200);
  for (const name of ['square', 'rgf', 'pgd', 'p-rgf']) {
    target.batches.length = 0;
    surrogate.batches.length = 0;
    await runAttack({
      definition: attack(name),
      parameters: parameters[name] ?? {},
      target,
      surrogates: [surrogate],
      samples: many,
      threat: { norm: 'linf', epsilon: 0.03 },
      seed: 1,
      cell: 'full',
      batchSize: 16,
    });
    const main = name === 'pgd' ? surrogate : target;
    const full = main.batches.filter(({ count }) => count === 16).length;
    expect(full / main.batches.length, name).toBeGreaterThan(0.8);
  }
});

test('success after rounding is that of the rounded input', async () => {
  // One pixel decides: class 1 above 100.3/255. An adversarial example at 100.4/255 is lost by rounding.
  const model = new LinearClassifier([1, 1, 2], 2, Float32Array.of(0, 100.3 / 255, 1, 0));
  const threat = { norm: 'linf', epsilon: 0.4 / 255 } as const;
  const sample = { index: 0, label: 0, input: Float32Array.of(100 / 255, 1) };
  const options = { definition: attack('pgd'), parameters: {}, target: model, surrogates: [model], threat };
  const [lost] = await runAttack({ ...options, samples: [sample], seed: 1, cell: '' });
  expect(lost).toMatchObject({ success: true, successRounded: false, queries: 1 });
  const wider = { ...options, threat: { norm: 'linf', epsilon: 1 / 255 } } as const;
  const [kept] = await runAttack({ ...wider, samples: [sample], seed: 1, cell: '' });
  expect(kept).toMatchObject({ success: true, successRounded: true, queries: 1 });
});

test.each([
  [110.5, false],
  [109.9, true],
])('success after rounding keeps to the ball: with a boundary at %d it is %s', async (boundary, expected) => {
  // Class 1 where x0 / x1 is above the boundary. PGD ends at 107.6 / (247.4/255), a ratio of 110.9. The nearest 8-bit
  // image, 108 and 247, has 111.5 but lies 8 steps out; the last one inside, 107 and 248, has 110.02.
  const model = new LinearClassifier([1, 1, 2], 2, Float32Array.of(0, boundary / 255, 1, 0));
  const sample = { index: 0, label: 0, input: Float32Array.of(100 / 255, 1) };
  const models = { target: model, surrogates: [model], samples: [sample] };
  const threat = { norm: 'linf', epsilon: 7.6 / 255 } as const;
  const run = { definition: attack('pgd'), parameters: {}, threat, seed: 1, cell: '' };
  const [row] = await runAttack({ ...run, ...models });
  expect(row).toMatchObject({ success: true, successRounded: expected });
});

test('progress ends at all samples under attack, and an abort stops the run', async () => {
  const seen: number[] = [];
  const controller = new AbortController();
  const options = {
    definition: attack('square'),
    parameters: { budget: 60 },
    target,
    surrogates: [],
    samples,
  };
  const threat = { norm: 'linf', epsilon: 0.03 } as const;
  await runAttack({ ...options, threat, seed: 1, cell: '', onProgress: ({ done }) => seen.push(done) });
  expect(seen).toEqual(Array.from({ length: 35 }, (_, i) => i + 1));
  const onProgress = (): void => {
    controller.abort(new Error('stop'));
  };
  const stopped = runAttack({ ...options, threat, seed: 1, cell: '', onProgress, signal: controller.signal });
  await expect(stopped).rejects.toThrow('stop');
});

test('what does not fit the attack is refused in one sentence', async () => {
  const options = {
    definition: attack('pgd'),
    parameters: {},
    target,
    surrogates: [surrogate],
    samples,
    seed: 1,
    cell: '',
  };
  const threat = { norm: 'linf', epsilon: 0.1 } as const;
  await expect(runAttack({ ...options, threat, surrogates: [] })).rejects.toThrow('pgd needs a surrogate');
  await expect(runAttack({ ...options, threat, parameters: { steps: 0 } })).rejects.toThrow(
    'pgd: steps must be an integer from 1 to 10000, got 0',
  );
  await expect(runAttack({ ...options, threat, batchSize: 0 })).rejects.toThrow('batchSize must be');
  await expect(runAttack({ ...options, threat: { ...threat, epsilon: 0 } })).rejects.toThrow(
    'above 0, got 0',
  );
  const misfit = [{ index: 3, label: 9, input: new Float32Array(108) }];
  await expect(runAttack({ ...options, threat, samples: misfit })).rejects.toThrow(
    'has 108 values and label 9',
  );
});
