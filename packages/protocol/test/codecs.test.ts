import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeResult,
  decodeTask,
  decodeTraining,
  encodeResult,
  encodeTask,
  encodeTraining,
  parseSubject,
  queueOf,
  queriesOf,
  resultSubject,
  taskSubject,
  trainingSubject,
  type Task,
  type TaskResult,
} from '../src/index.js';

const attackTask: Task = {
  campaignId: 'c-1',
  index: 2 ** 40,
  round: 2,
  generation: 3,
  seed: -7,
  work: {
    $case: 'attack',
    value: {
      cell: 'full|int8|pgd',
      target: { id: 'full', digest: 'aa' },
      surrogates: [],
      attack: 'pgd',
      parameters: '{"steps":10}',
      norm: 'linf',
      epsilon: 8 / 255,
      samples: { digest: 'bb', first: 50, count: 25 },
      reach: 'next',
    },
  },
};

function resultWith(queries: readonly number[]): TaskResult {
  const rows = queries.map((count, sample) => ({
    sample,
    label: 1,
    cleanCorrect: true,
    surrogateCorrect: false,
    success: true,
    successRounded: true,
    queries: count,
    surrogateQueries: 0,
    linf: 0.03,
    l2: 0.5,
    zeroGradients: 0,
    invalidGradients: 0,
    surrogateForwards: 0,
    distance100: 0,
    distance300: 0,
    distance1000: 0,
    distance3000: 0,
    distance10000: 0,
  }));
  return {
    campaignId: 'c-1',
    index: 0,
    round: 0,
    generation: 0,
    worker: 'w',
    runtime: 'r',
    seconds: 1.5,
    outcome: { $case: 'attack', value: { cell: 'c', rows } },
  };
}

test('a task comes back from its bytes as it was, 64-bit and absent fields too', () => {
  expect(decodeTask(encodeTask(attackTask))).toEqual(attackTask);
});

test('results round-trip for any query counts, and their sum is what is billed', () => {
  const counts = fc.array(fc.integer({ min: 0, max: 2 ** 40 }), { maxLength: 20 });
  fc.assert(
    fc.property(counts, (queries) => {
      const result = decodeResult(encodeResult(resultWith(queries)));
      expect(result).toEqual(resultWith(queries));
      expect(queriesOf(result)).toBe(queries.reduce((sum, count) => sum + count, 0));
    }),
  );
});

test('how a training goes comes back as it was, whatever was measured', () => {
  const training = {
    ...{ model: 'unpaired', step: 512, steps: 2500, epochs: 4, loss: 0.71, accuracy: 0.881 },
    ...{ measures: { cosine: -0.08, transfer: 0, norm: NaN }, secondsLeft: 180.5 },
  };
  expect(decodeTraining(encodeTraining(training))).toEqual(training);
  expect(() => decodeTraining(Uint8Array.of(0x0a, 0xff))).toThrow('is not a valid training message.');
});

test('a model that took queries to make is billed for them', () => {
  const value = {
    model: 'copy',
    digest: 'd',
    bytes: 1,
    parameters: 2,
    nonZero: 2,
    macs: 3,
    queries: 2 ** 40,
    curve: [],
  };
  const result = decodeResult(encodeResult({ ...resultWith([]), outcome: { $case: 'derived', value } }));
  expect(queriesOf(result)).toBe(2 ** 40);
});

test('bytes that are no message are refused by name', () => {
  expect(() => decodeTask(Uint8Array.of(0x0a, 0xff))).toThrow('is not a valid task');
  expect(() => decodeTask(Uint8Array.of(0x0a, 0xff))).toThrow('A message of 2 bytes is not a valid task.');
});

test('subjects and addresses are inverses; ids that would widen a subject are refused', () => {
  const address = { campaignId: 'c-0af3', index: 12, round: 0 };
  expect(parseSubject(taskSubject('any_x-cpu-1_train', address))).toEqual(address);
  expect(parseSubject(resultSubject(address))).toEqual(address);
  expect(parseSubject(trainingSubject(address))).toEqual(address);
  expect(resultSubject({ ...address, round: 3 })).toBe('results.c-0af3.12.3');
  expect(parseSubject('results.c-0af3.12.3')).toEqual({ ...address, round: 3 });
  expect(parseSubject('wasted.c-0af3')).toBeUndefined();
  const others = [
    'results.c-0af3.012',
    'results.c-0af3.12.0',
    'results.c-0af3.-1',
    'tasks.q.c-0af3.12.1',
    'tasks.c-0af3.1',
  ];
  expect(queueOf(taskSubject('any_x-cpu-1_train', address))).toBe('any_x-cpu-1_train');
  expect(others.map(parseSubject)).toEqual(others.map(() => undefined));
  expect(parseSubject(`results.c-0af3.${2 ** 53}`)).toBeUndefined();
  expect(() => taskSubject('q', { campaignId: 'c.*', index: 1 })).toThrow('Campaign id "c.*" may hold only');
});
