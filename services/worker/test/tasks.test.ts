import { encodeSampleSet, slice } from '@unpair/datasets';
import { createRuntime } from '@unpair/runtime';
import { encodeModel, float32 } from '@unpair/graph';
import { argmax } from '@unpair/classifiers';
import type { AttackRow, DerivedModel, Task, TaskResult } from '@unpair/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestCluster } from './kit/cluster.js';
import {
  accuracyTask,
  attackTask,
  pruneTask,
  quantizeTask,
  alignmentTask,
  imitateTask,
  maskingTask,
  similarityTask,
  unpairTask,
} from './kit/tasks.js';
import { startTestWorker, type TestWorker } from './kit/test-worker.js';
import { artefact, fixture, tinyModel, type Fixture } from './kit/tiny-model.js';

let cluster: TestCluster;
let made: Fixture;
let worker: TestWorker;
let nextIndex = 0;

beforeAll(async () => {
  cluster = await TestCluster.start();
  made = await fixture();
  await cluster.store(made.target, made.surrogate, made.samples);
  worker = await startTestWorker(cluster);
});
afterAll(async () => {
  await worker[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

async function outcomeOf(task: Task): Promise<NonNullable<TaskResult['outcome']>> {
  await cluster.submit(task);
  const { outcome } = await cluster.result(task);
  if (outcome === undefined) throw new Error('a result without an outcome');
  return outcome;
}

async function rowsOf(task: Task): Promise<readonly AttackRow[]> {
  const outcome = await outcomeOf(task);
  if (outcome.$case !== 'attack') throw new Error(`an attack ended as ${JSON.stringify(outcome)}`);
  return outcome.value.rows;
}

describe('a task becomes a result', () => {
  test('accuracy: what the model predicts, run directly', async () => {
    const outcome = await outcomeOf(accuracyTask(nextIndex++, made, { first: 3, count: 10 }));
    if (outcome.$case !== 'accuracy') throw new Error(outcome.$case);
    const executable = await (await createRuntime()).load(made.graph);
    const x = float32([made.set.count, 1, 6, 6], made.set.images as Float32Array);
    const logits = (await executable.run({ x }))['logits']?.data as Float32Array;
    await executable.close();
    const expected = Array.from({ length: 10 }, (_, row) => ({
      sample: 3 + row,
      label: made.set.labels[3 + row],
      predicted: argmax(logits, (3 + row) * 3, 3),
    }));
    expect(outcome.value.rows).toEqual(expected);
    expect(outcome.value).toMatchObject({ model: 'full', parameters: 936, bytes: made.target.bytes.length });
  });

  test('a target that gives labels is asked for them alone, by attacks and by who imitates it', async () => {
    const access = { kind: 'labels', k: 0 };
    const target = { id: 'full', digest: made.target.digest, access };
    const byLabels = { target, surrogates: [], attack: 'ray-s', parameters: '{"budget":200}' };
    const rows = await rowsOf(attackTask(nextIndex++, made, { ...byLabels, where: { count: 4 } }));
    expect(rows.map(({ queries }) => queries)).toEqual([200, 200, 200, 200]);
    const refused = await outcomeOf(attackTask(nextIndex++, made, { ...byLabels, attack: 'square' }));
    expect(refused).toMatchObject({
      value: { message: "square needs the target's logits; the target gives labels" },
    });
    const copies = [undefined, access].map(async (limit) => {
      const { work, ...task } = imitateTask(nextIndex++, made, { epochs: 5 });
      if (work?.$case !== 'derive' || work.value.from === undefined) throw new Error('no imitation');
      const from = { ...work.value.from, access: limit };
      const outcome = await outcomeOf({ ...task, work: { ...work, value: { ...work.value, from } } });
      return (outcome.value as DerivedModel).digest;
    });
    const [all, few] = await Promise.all(copies);
    expect(few).toMatch(/^[0-9a-f]{64}$/);
    expect(few).not.toBe(all);
  });

  test('derive: the quantized sibling is stored, and other tasks can name it', async () => {
    const outcome = await outcomeOf(quantizeTask(nextIndex++, made));
    if (outcome.$case !== 'derived') throw new Error(JSON.stringify(outcome));
    const { digest, bytes } = outcome.value;
    expect(outcome.value).toMatchObject({ model: 'int8', digest, bytes, parameters: 936 });
    expect(outcome.value.nonZero).toBeGreaterThan(800);
    expect(outcome.value.macs).toBeGreaterThan(0);
    const sibling = { digest, bytes: new Uint8Array() };
    const rows = await outcomeOf(similarityTask(nextIndex++, { ...made, surrogate: sibling }));
    if (rows.$case !== 'similarity') throw new Error(JSON.stringify(rows));
    const cosines = rows.value.rows.map(({ cosine }) => cosine);
    expect(cosines.reduce((sum, cosine) => sum + cosine) / cosines.length).toBeGreaterThan(0.9);
    const again = await outcomeOf(quantizeTask(nextIndex++, made));
    expect(again).toEqual(outcome);
  });

  test('derive: weights of 0 unpair nothing, others make another model', async () => {
    const nothing = await outcomeOf(unpairTask(nextIndex++, made, { adversarial: 0, cosine: 0 }));
    expect(nothing).toMatchObject({ $case: 'derived', value: { digest: made.target.digest } });
    const outcome = await outcomeOf(unpairTask(nextIndex++, made, { adversarial: 0, cosine: 1 }));
    if (outcome.$case !== 'derived') throw new Error(JSON.stringify(outcome));
    expect(outcome.value.digest).not.toBe(made.target.digest);
    expect(await outcomeOf(unpairTask(nextIndex++, made, { adversarial: 0, cosine: 1 }))).toEqual(outcome);
  });

  test('derive: states are measured on the held-out samples of the task, and all others are trained on', async () => {
    const other = artefact(encodeSampleSet(slice(made.set, 0, 10)));
    await cluster.store(other);
    const given = { heldOut: 7, heldOutSplit: 'test', adversarial: 0, rate: 1e-4 };
    const derivedBy = async (...task: Parameters<typeof unpairTask>): Promise<DerivedModel> => {
      const outcome = await outcomeOf(unpairTask(...task));
      if (outcome.$case !== 'derived') throw new Error(JSON.stringify(outcome));
      return outcome.value;
    };
    const range = { digest: other.digest, first: 3, count: 7 };
    const measured = await derivedBy(nextIndex++, made, given, range);
    // The model is wrong on samples 4 and 9.
    expect(measured.curve[0]?.measures['heldOutAccuracy']).toBeCloseTo(5 / 7, 6);
    const unmeasured = await derivedBy(nextIndex++, made, { ...given, heldOut: 0 });
    expect(unmeasured.curve[0]?.measures).toEqual({});
    expect([measured.digest, measured.curve.length]).toEqual([unmeasured.digest, unmeasured.curve.length]);
  });

  test('derive: an imitation counts the images that it asked the target about, and no others', async () => {
    const outcome = await outcomeOf(imitateTask(nextIndex++, made, {}));
    if (outcome.$case !== 'derived') throw new Error(JSON.stringify(outcome));
    expect(outcome.value).toMatchObject({ model: 'copy', parameters: 936, queries: 15 });
    const many = await outcomeOf(imitateTask(nextIndex++, made, { queries: 1000 }));
    expect(many).toMatchObject({ value: { queries: made.set.count } });
    expect(await outcomeOf(imitateTask(nextIndex++, made, {}))).toEqual(outcome);
    expect(await outcomeOf(quantizeTask(nextIndex++, made))).toMatchObject({ value: { queries: 0 } });
  });

  test('masking: what a model’s own gradients are worth, the same in shards', async () => {
    const whole = await outcomeOf(maskingTask(nextIndex++, made));
    if (whole.$case !== 'masking') throw new Error(JSON.stringify(whole));
    expect(whole.value.model).toBe('full');
    expect(whole.value.rows.map(({ sample }) => sample)).toEqual([...Array(20).keys()]);
    // Every fifth is wrong to begin with; a plain network hides nothing.
    for (const { sample, cleanCorrect, unbounded, lossRises } of whole.value.rows) {
      expect(cleanCorrect).toBe(sample % 5 !== 4);
      if (cleanCorrect) expect([unbounded, lossRises]).toEqual([true, true]);
    }
    const part = await outcomeOf(maskingTask(nextIndex++, made, { first: 7, count: 6 }));
    expect(part).toMatchObject({ value: { rows: whole.value.rows.slice(7, 13) } });
  });

  test('similarity: a model compared with another, and with itself', async () => {
    const outcome = await outcomeOf(similarityTask(nextIndex++, made));
    if (outcome.$case !== 'similarity') throw new Error(outcome.$case);
    expect(outcome.value.rows.map(({ sample }) => sample)).toEqual([...Array(20).keys()]);
    for (const { cosine, targetNorm } of outcome.value.rows) {
      expect(Math.abs(cosine)).toBeLessThanOrEqual(1);
      expect(targetNorm).toBeGreaterThan(0);
    }
    const self = await outcomeOf(similarityTask(nextIndex++, { ...made, surrogate: made.target }));
    if (self.$case !== 'similarity') throw new Error(self.$case);
    for (const { cosine, agree } of self.value.rows) {
      expect(cosine).toBeCloseTo(1, 12);
      expect(agree).toBe(true);
    }
  });

  test('similarity and attack: an ensemble of two models lies between them', async () => {
    const both = [made.surrogate, made.target].map(({ digest }, at) => ({
      id: at === 0 ? 'stranger' : 'full',
      digest,
    }));
    const task = similarityTask(nextIndex++, made);
    if (task.work?.$case !== 'similarity') throw new Error('a task of similarity');
    const value = { ...task.work.value, surrogates: both, inputs: 'clean' };
    const outcome = await outcomeOf({ ...task, work: { $case: 'similarity', value } });
    if (outcome.$case !== 'similarity') throw new Error(JSON.stringify(outcome));
    expect(outcome.value).toMatchObject({ surrogate: 'stranger+full', target: 'full', inputs: 'clean' });
    for (const { cosine } of outcome.value.rows) expect(cosine).toBeLessThan(1 - 1e-9);
    const rows = await rowsOf(
      attackTask(nextIndex++, made, { surrogates: both, attack: 'pgd', parameters: '{}' }),
    );
    expect(rows.filter(({ cleanCorrect }) => cleanCorrect).every((row) => row.surrogateQueries === 10)).toBe(
      true,
    );
  });

  test('alignment: features compared in minibatches of sixteen, the last one shorter', async () => {
    const outcome = await outcomeOf(alignmentTask(nextIndex++, made));
    if (outcome.$case !== 'alignment') throw new Error(JSON.stringify(outcome));
    expect(outcome.value.rows.map(({ sample }) => sample)).toEqual([0, 16]);
    for (const { surrogate, target } of outcome.value.rows) {
      expect(surrogate).toBeGreaterThan(0);
      expect(target).toBeGreaterThan(0);
    }
    const self = await outcomeOf(alignmentTask(nextIndex++, { ...made, surrogate: made.target }));
    if (self.$case !== 'alignment') throw new Error(JSON.stringify(self));
    for (const { cross, surrogate, target } of self.value.rows)
      expect([surrogate, target]).toEqual([cross, cross]);
  });

  test('attack: one row a sample, the wrong ones not attacked, budgets kept', async () => {
    const rows = await rowsOf(attackTask(nextIndex++, made, { epsilon: 0.3 }));
    expect(rows.map(({ sample }) => sample)).toEqual([...Array(20).keys()]);
    expect(rows.filter(({ cleanCorrect }) => !cleanCorrect).map(({ sample }) => sample % 5)).toEqual([
      4, 4, 4, 4,
    ]);
    expect(rows.filter(({ success }) => success).length).toBeGreaterThan(0);
    for (const { cleanCorrect, queries, linf } of rows) {
      expect(queries).toBeLessThanOrEqual(cleanCorrect ? 300 : 0);
      expect(linf).toBeLessThanOrEqual(0.3 + 1e-6);
    }
  });

  test.each([
    ['pgd', {}],
    ['square', { surrogates: [], parameters: '{"budget":300}' }],
  ])('attack: %s leads to a class, and samples that have it for a label are left out', async (name, how) => {
    const goal = { cell: name, attack: name, parameters: '{}', epsilon: 0.3, reach: '1' };
    const rows = await rowsOf(
      attackTask(nextIndex++, { ...made, surrogate: made.target }, { ...goal, ...how }),
    );
    const others = [...made.set.labels.keys()].filter((sample) => made.set.labels[sample] !== 1);
    expect(rows.map(({ sample }) => sample)).toEqual(others);
    expect(rows.filter(({ success }) => success).length).toBeGreaterThan(0);
    const avoiding = await rowsOf(
      attackTask(nextIndex++, { ...made, surrogate: made.target }, { ...goal, ...how, reach: '' }),
    );
    expect(avoiding).toHaveLength(made.set.count);
    const queries = ({ queries: one }: AttackRow): number => one;
    expect(rows.map(queries)).not.toEqual(avoiding.map(queries));
  });

  test('rows do not depend on the sharding', async () => {
    const whole = await rowsOf(attackTask(nextIndex++, made, { epsilon: 0.3 }));
    const shards = [0, 7, 14].map((first) =>
      attackTask(nextIndex++, made, { epsilon: 0.3, where: { first, count: Math.min(7, 20 - first) } }),
    );
    expect((await Promise.all(shards.map(rowsOf))).flat()).toEqual(whole);
  });

  test('rows do not depend on worker and batch size', async () => {
    const task = attackTask(nextIndex++, made, { epsilon: 0.3 });
    const rows = await rowsOf(task);
    await using other = await TestCluster.start();
    await other.store(made.target, made.surrogate, made.samples);
    await using second = await startTestWorker(other, {
      name: 'other',
      environment: { UNPAIR_BATCH_SIZE: '3' },
    });
    await other.submit(task);
    expect(await other.result(task)).toMatchObject({ worker: second.describe().worker });
    expect((await other.result(task)).outcome).toEqual({ $case: 'attack', value: { cell: 'cell', rows } });
  });
});

describe('a task that can never succeed ends as a failure of one sentence, at the first attempt', () => {
  const failureOf = async (task: Task): Promise<unknown> => {
    const outcome = await outcomeOf(task);
    await cluster.settled();
    return outcome.$case === 'failure' ? outcome.value : outcome;
  };

  test('training that collapses, with the step at which it did', async () => {
    const parameters = { 'finetune.rate': 100, 'finetune.epochs': 3 };
    expect(await failureOf(pruneTask(nextIndex++, made, parameters))).toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringMatching(/^training collapsed (at|by) step \d+: /) as string,
    });
  });

  test('a model that is no ONNX file', async () => {
    const broken = artefact(new TextEncoder().encode('not a model'));
    await cluster.store(broken);
    expect(await failureOf(accuracyTask(nextIndex++, { ...made, target: broken }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  test('a model for other images', async () => {
    const two = artefact(encodeModel(tinyModel(3, 2)));
    await cluster.store(two);
    expect(await failureOf(accuracyTask(nextIndex++, { ...made, target: two }))).toEqual({
      code: 'INVALID_ARGUMENT',
      message: 'Model "full" has 2 classes, but the samples have 3.',
    });
  });

  test('samples beyond the set', async () => {
    expect(await failureOf(accuracyTask(nextIndex++, made, { first: 15, count: 10 }))).toEqual({
      code: 'OUT_OF_RANGE',
      message: 'Samples 15 to 24 are not all among the 20 of the sample set.',
    });
  });

  test('held-out samples beyond the set', async () => {
    const range = { digest: made.samples.digest, first: 15, count: 10 };
    const task = unpairTask(nextIndex++, made, { heldOut: 10, heldOutSplit: 'test' }, range);
    expect(await failureOf(task)).toMatchObject({ code: 'OUT_OF_RANGE' });
  });

  test('an artefact that nobody stored', async () => {
    const digest = 'ab'.repeat(32);
    const target = { digest, bytes: new Uint8Array() };
    expect(await failureOf(accuracyTask(nextIndex++, { ...made, target }))).toEqual({
      code: 'NOT_FOUND',
      message: `Artefact ${digest} is not stored.`,
    });
  });

  test.each([['3', 'the class to reach must be 0 to 2, got 3']])(
    'an attack that is to reach the class %s',
    async (reach, message) => {
      expect(await failureOf(attackTask(nextIndex++, made, { reach }))).toEqual({
        code: 'INVALID_ARGUMENT',
        message,
      });
    },
  );

  test('none of them was tried twice', async () => {
    expect(await worker.metric('unpair_worker_redeliveries_total')).toBe(0);
  });
});

test('an attack that is chosen by a trial: what was made goes from one task to the others, and every query counts', async () => {
  const options = {
    attack: 'auto',
    cell: 'chosen',
    parameters: '{"budget":40,"gradients":20,"trial":6}',
    epsilon: 0.3,
  };
  const { work, ...task } = attackTask(nextIndex++, made, { ...options, where: { count: 6 } });
  if (work?.$case !== 'attack') throw new Error('no attack');
  const outcome = await outcomeOf({ ...task, work: { $case: 'prepare', value: work.value } });
  if (outcome.$case !== 'derived') throw new Error(outcome.$case);
  const { model, digest, queries } = outcome.value;
  expect(model).toBe('chosen');
  expect(queries).toBeGreaterThan(6);
  const where = { first: 6, count: 8 };
  const rows = await rowsOf(
    attackTask(nextIndex++, made, { ...options, where, prepared: { id: model, digest } }),
  );
  expect(rows.map(({ sample }) => sample)).toEqual([6, 7, 8, 9, 10, 11, 12, 13]);
  expect(rows.some(({ success }) => success)).toBe(true);
  const refused = await outcomeOf(attackTask(nextIndex++, made, options));
  expect(refused).toMatchObject({ $case: 'failure', value: { code: 'INVALID_ARGUMENT' } });
});
