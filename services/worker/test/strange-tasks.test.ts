import { encodeTask, taskSubject, type Task } from '@unpair/protocol';
import { expect, test } from 'vitest';
import { eventually } from '../../../test/kit/index.js';
import { TestCluster } from './kit/cluster.js';
import { accuracyTask, attackTask } from './kit/tasks.js';
import { startTestWorker, type TestWorker } from './kit/test-worker.js';
import { fixture } from './kit/tiny-model.js';

/** Field 77, a varint: what a later version may add. */
const laterField = Buffer.from([0xe8, 0x04, 0x01]);

async function outcomes(worker: TestWorker, outcome: string): Promise<number> {
  const lines = (await worker.metrics()).split('\n');
  const counts = lines.filter(
    (line) => line.startsWith('unpair_worker_tasks_total') && line.includes(`"${outcome}"`),
  );
  return counts.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

test('tasks of another version are handed back time after time, never failed or given up; the others are done', async () => {
  await using cluster = await TestCluster.start();
  const made = await fixture(8);
  await cluster.store(made.target, made.surrogate, made.samples);
  await using worker = await startTestWorker(cluster, { environment: { UNPAIR_RETRY_MILLISECONDS: '5' } });
  const strange: readonly (readonly [Task, Uint8Array])[] = [
    [attackTask(0, made, { attack: 'later' }), Buffer.alloc(0)],
    [attackTask(1, made, { norm: 'l7' }), Buffer.alloc(0)],
    [attackTask(2, made, { reach: 'farthest' }), Buffer.alloc(0)],
    [attackTask(3, made, { parameters: '{"budget":300,"later":1}' }), Buffer.alloc(0)],
    [{ ...attackTask(4, made), work: undefined }, Buffer.alloc(0)],
    [attackTask(5, made), laterField],
  ];
  for (const [task, more] of strange) {
    await cluster.put(taskSubject(await cluster.queue(task), task), Buffer.concat([encodeTask(task), more]));
  }
  // More than would be a dead letter for each.
  await eventually(async () => {
    expect(await outcomes(worker, 'handed_back')).toBeGreaterThan(6 * strange.length);
  });
  const task = accuracyTask(9, made);
  await cluster.submit(task);
  expect((await cluster.result(task)).outcome?.$case).toBe('accuracy');
  expect([...(await cluster.results()).keys()]).toEqual(['results.test.9']);
});

test('what is no task of any campaign is dropped at once, and holds up no other', async () => {
  await using cluster = await TestCluster.start();
  const made = await fixture(8);
  await cluster.store(made.target, made.samples);
  await using worker = await startTestWorker(cluster);
  const [nobody, task] = [{ ...accuracyTask(0, made), campaignId: '' }, accuracyTask(1, made)];
  const queue = await cluster.queue(task);
  await cluster.put(`tasks.${queue}.test.0`, encodeTask(nobody));
  await cluster.put(`tasks.${queue}.test.-1`, encodeTask(task));
  await cluster.put(`tasks.${queue}.UPPER.1`, encodeTask(task));
  await cluster.submit(task);
  expect((await cluster.result(task)).outcome?.$case).toBe('accuracy');
  await cluster.settled();
  expect(await outcomes(worker, 'dropped')).toBe(3);
  expect([...(await cluster.results()).keys()]).toEqual(['results.test.1']);
});

test('what no worker can read comes back for others, and is given up at last, never failed for good', async () => {
  await using cluster = await TestCluster.start();
  await using worker = await startTestWorker(cluster, { environment: { UNPAIR_RETRY_MILLISECONDS: '5' } });
  const task = accuracyTask(3, await fixture(8));
  await cluster.put(taskSubject(await cluster.queue(task), task), Buffer.from([0x0a, 0xff]));
  const { outcome } = await cluster.result(task);
  expect(outcome).toMatchObject({
    $case: 'deadLetter',
    value: { deliveries: 5, reason: expect.stringMatching(/^no worker can read it: /) as string },
  });
  expect(await outcomes(worker, 'handed_back')).toBe(4);
  await cluster.settled();
});
