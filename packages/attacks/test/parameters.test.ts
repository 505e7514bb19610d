import { attacks } from '@unpair/attacks';
import { resolveParameters } from '@unpair/parameters';
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
        description: 'is no parameter of pgd; it has steps, stepSize, flipped, randomStart, restarts',
      },
      { parameter: 'steps', description: 'must be an integer from 1 to 10000, got 2.5' },
      {
        parameter: 'stepSize',
        description: 'must be a pixel amount above 0, such as 2/255, got "2/0"',
      },
      { parameter: 'randomStart', description: 'must be true or false, got "yes"' },
      { parameter: 'restarts', description: 'must be an integer from 1 to 1000, got 0' },
    ],
  });
  const square = resolveParameters(attack('square'), { budget: 0, pInit: Number.NaN }, threat);
  expect(square).toMatchObject({
    problems: [
      { parameter: 'budget', description: 'must be an integer of at least 1, got 0' },
      { parameter: 'pInit', description: 'must be a number from 0.000001 to 1, got NaN' },
    ],
  });
});
