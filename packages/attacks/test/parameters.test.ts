import { attacks } from '@unpair/attacks';
import { parseAmount, resolveParameters } from '@unpair/parameters';
import type { AttackDefinition } from '@unpair/attacks';
import type { Threat } from '@unpair/numerics';
import { expect, test } from 'vitest';

const threat: Threat = { norm: 'linf', epsilon: 8 / 255 };

function attack(name: string): AttackDefinition {
  const definition = attacks.get(name);
  if (definition === undefined) throw new Error(`no attack ${name}`);
  return definition;
}

test('defaults are the papers’, scaled to the threat', () => {
  const resolve = (name: string, of: Threat): unknown => {
    const resolution = resolveParameters(attack(name), {}, of);
    return resolution.ok ? resolution.parameters : resolution.problems;
  };
  expect(resolve('pgd', threat)).toEqual({
    steps: 10,
    stepSize: 2 / 255,
    flipped: false,
    randomStart: true,
    restarts: 1,
  });
  expect(resolve('mi-fgsm', threat)).toEqual({ steps: 10, momentum: 1 });
  expect(resolve('p-rgf', { norm: 'linf', epsilon: 0.05 })).toEqual({
    budget: 10_000,
    samples: 50,
    sigma: 1e-4,
    stepSize: 0.005,
    smoothing: 0,
    noise: 8 / 255,
  });
  expect(resolve('rgf', { norm: 'l2', epsilon: 16 })).toMatchObject({ stepSize: 2 });
  expect(resolve('square', threat)).toEqual({ budget: 10_000, pInit: 0.05 });
  expect(resolve('square', { norm: 'l2', epsilon: 1 })).toMatchObject({ pInit: 0.1 });
});

test('values, fractions and null are read as the specification says', () => {
  const raw = { steps: 40, stepSize: '1/255', randomStart: false, restarts: null };
  expect(resolveParameters(attack('pgd'), raw, threat)).toEqual({
    ok: true,
    parameters: { steps: 40, stepSize: 1 / 255, flipped: false, randomStart: false, restarts: 1 },
  });
});

test('every problem is told at once, with the value and what is allowed', () => {
  const raw = { steps: 2.5, stepSize: '2/0', randomStart: 'yes', restarts: 0, step: 3 };
  expect(resolveParameters(attack('pgd'), raw, threat)).toEqual({
    ok: false,
    problems: [
      {
        parameter: 'step',
        problem: 'pgd has no such parameter; it has: steps, stepSize, flipped, randomStart, restarts.',
      },
      { parameter: 'steps', problem: '2.5 is not allowed; give an integer from 1 to 10000.' },
      {
        parameter: 'stepSize',
        problem: '"2/0" is not allowed; give a positive number or a fraction such as 2/255.',
      },
      { parameter: 'randomStart', problem: '"yes" is not allowed; give true or false.' },
      { parameter: 'restarts', problem: '0 is not allowed; give an integer from 1 to 1000.' },
    ],
  });
  const square = resolveParameters(attack('square'), { budget: 0, pInit: Number.NaN }, threat);
  expect(square).toMatchObject({
    problems: [
      { parameter: 'budget', problem: '0 is not allowed; give an integer of at least 1.' },
      { parameter: 'pInit', problem: 'NaN is not allowed; give a number from 0.000001 to 1.' },
    ],
  });
});

test.each([
  ['8/255', 8 / 255],
  [' 0.5 / 2 ', 0.25],
  ['1e-4', 1e-4],
  [0.25, 0.25],
  ['8/', undefined],
  ['-1/2', undefined],
  ['', undefined],
  ['1/0', undefined],
  [Number.POSITIVE_INFINITY, undefined],
  [true, undefined],
])('parseAmount(%j) is %j', (text, amount) => {
  expect(parseAmount(text)).toBe(amount);
});
