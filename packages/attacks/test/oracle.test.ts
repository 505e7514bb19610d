import { Oracle } from '@unpair/attacks';
import type { Classifier } from '@unpair/classifiers';
import { expect, test } from 'vitest';

import { told } from '../src/oracle.js';

const sample = { index: 0, label: 0, input: Float32Array.of(0.5, 0.5) };
const threat = { norm: 'linf', epsilon: 0.1 } as const;
const oracleWith = (budget: number): Oracle =>
  new Oracle({ sample, threat, budget, goal: { kind: 'avoid', label: 0 }, finds: 'within-epsilon' });
const right = [1, 0];
const wrong = [0, 1];
const near = [0.55, 0.5];
const far = [0.7, 0.5];

test('of a request beyond the budget only the beginning is granted and billed, and the run then ends', () => {
  const oracle = oracleWith(7);
  expect(oracle.grant(5)).toBe(5);
  expect(oracle.judge(new Float32Array(10), new Float32Array(10), 5)).toBe('continue');
  expect(oracle.grant(50)).toBe(2);
  expect(oracle.queries).toBe(7);
  expect(oracle.judge(new Float32Array(4), new Float32Array(4), 2)).toBe('exhausted');
  expect(oracle.grant(1)).toBe(0);
  expect(oracle.queries).toBe(7);
});

test('the first input of a request that is admissible and misclassified is the adversarial example', () => {
  const oracle = oracleWith(10);
  expect(oracle.grant(4)).toBe(4);
  const inputs = Float32Array.from([far, near, near, near].flat());
  inputs[4] = 0.56;
  const logits = Float32Array.from([wrong, right, wrong, wrong].flat());
  expect(oracle.judge(inputs, logits, 4)).toBe('success');
  expect(oracle.adversarial).toEqual(Float32Array.of(0.56, 0.5));
  // The whole request is billed: it was computed.
  expect(oracle.queries).toBe(4);
});

test('a misclassified input outside the threat model is no success', () => {
  const oracle = oracleWith(10);
  oracle.grant(1);
  expect(oracle.judge(Float32Array.from(far), Float32Array.from(wrong), 1)).toBe('continue');
  expect(oracle.adversarial).toBeNull();
});

test('the adversarial example is kept when the attack reuses its buffer, and success on the last query counts', () => {
  const oracle = oracleWith(1);
  const buffer = Float32Array.from(near);
  oracle.grant(1);
  expect(oracle.judge(buffer, Float32Array.from(wrong), 1)).toBe('success');
  buffer.fill(0);
  expect(oracle.adversarial).toEqual(Float32Array.from(near));
});

test('to reach a class, no other will do', () => {
  const oracle = new Oracle({
    ...{ sample, threat, budget: 10, finds: 'within-epsilon' },
    goal: { kind: 'reach', class: 2 },
  });
  oracle.grant(2);
  const logits = Float32Array.of(0, 1, 0, 0, 0, 1);
  expect(oracle.judge(Float32Array.from([near, near].flat()), logits.subarray(0, 3), 1)).toBe('continue');
  expect(oracle.judge(Float32Array.from(near), logits.subarray(3), 1)).toBe('success');
});

test('of an attack that finds the nearest the nearest is kept until the budget is spent, wherever it lies', () => {
  const oracle = new Oracle({
    sample,
    threat,
    budget: 3,
    goal: { kind: 'avoid', label: 0 },
    finds: 'nearest',
  });
  const ask = (input: readonly number[], logits: readonly number[]): string => {
    oracle.grant(1);
    return oracle.judge(Float32Array.from(input), Float32Array.from(logits), 1);
  };
  expect(ask(far, wrong)).toBe('continue');
  expect([oracle.adversarial, oracle.isSuccess]).toEqual([Float32Array.from(far), false]);
  expect(ask(near, wrong)).toBe('continue');
  expect(oracle.isSuccess).toBe(true);
  expect(ask([0.6, 0.5], wrong)).toBe('exhausted');
  expect(oracle.adversarial).toEqual(Float32Array.from(near));
});

test('what leaves the pixel range is never an example', () => {
  const oracle = new Oracle({
    sample,
    threat,
    budget: 3,
    goal: { kind: 'avoid', label: 0 },
    finds: 'nearest',
  });
  oracle.grant(1);
  oracle.judge(Float32Array.of(1.5, 0.5), Float32Array.from(wrong), 1);
  expect(oracle.adversarial).toBeNull();
});

test('what the target evaluates for attackers is told before it is', async () => {
  const order: unknown[] = [];
  const model: Classifier = {
    shape: [1, 1, 2],
    classes: 2,
    logits: (_inputs, count) => {
      order.push('evaluated');
      return Promise.resolve(new Float32Array(2 * count));
    },
    close: () => Promise.resolve(),
  };
  await told(model, (count) => order.push(count)).logits(new Float32Array(4), 2);
  expect(order).toEqual([2, 'evaluated']);
});
