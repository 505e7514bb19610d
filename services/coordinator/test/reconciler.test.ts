import { createLogger, ensureTopology, publishResult, systemClock } from '@unpair/platform';
import type { Task, TaskResult } from '@unpair/protocol';
import { expect, test } from 'vitest';
import { CampaignBook } from '../src/campaigns/campaign-book.js';
import { outcomeOf } from '../src/campaigns/outcome.js';
import type { CampaignRun } from '../src/campaigns/campaign-run.js';
import { newRecord } from '../src/campaigns/records.js';
import { Lanes } from '../src/dispatch/lanes.js';
import { Reconciler } from '../src/dispatch/reconciler.js';
import { TaskQueue } from '../src/dispatch/task-queue.js';
import { requestFor } from './support/campaign-file.js';
import { ground, type Ground } from './support/cluster.js';
import { syntheticResult } from './support/synthetic-worker.js';

const logger = createLogger({ service: 'test', level: 'silent' });
const { signal } = new AbortController();

/** A campaign with a task in flight, and the reconciler that watches it by hand; `broken` fails what it asks the queue. */
class Watched {
  readonly queue: TaskQueue;
  readonly run: CampaignRun;
  readonly task: Task;
  readonly results: TaskResult[] = [];
  readonly broken = new Set<keyof TaskQueue>();
  readonly #reconciler: Reconciler;

  constructor({ connection }: Ground) {
    this.queue = new TaskQueue(connection);
    const book = new CampaignBook({ clock: systemClock, logger });
    this.run = book.prepare(newRecord(requestFor('watched'), new Date()));
    book.add(this.run);
    const task = this.run.next();
    if (task === undefined) throw new Error('the campaign has no task');
    this.task = task;
    const lanes = new Lanes(() => 0);
    lanes.add('any_synthetic_measure', this.run, task.index);
    const { broken } = this;
    const queue = new Proxy(this.queue, {
      get(target, name) {
        if (broken.has(name as keyof TaskQueue)) return () => Promise.reject(new Error('cut off'));
        const method = Reflect.get(target, name) as (...given: unknown[]) => unknown;
        return method.bind(target);
      },
    });
    this.#reconciler = new Reconciler({
      queue,
      runs: () => [this.run],
      lanes,
      isAbandoned: ({ index }) => !this.run.isInFlight(index),
      isServed: () => true,
      wake: () => undefined,
      publishResult: (result) => Promise.resolve(this.results.push(result)),
      interval: 0,
      clock: systemClock,
      logger,
    });
  }

  async look(times: number): Promise<void> {
    for (let time = 0; time < times; time++) await this.#reconciler.look(signal).catch(() => undefined);
  }

  async queued(): Promise<number[]> {
    return [...(await this.queue.queued(this.run.id)).keys()];
  }
}

test('a task whose result is in the stream, but was not read yet, is neither queued again nor given up', async () => {
  await using base = await ground();
  await ensureTopology(base.connection);
  const watched = new Watched(base);
  await publishResult(base.connection, syntheticResult(watched.task));
  await watched.look(8);
  expect(await watched.queued()).toEqual([]);
  expect(watched.results).toEqual([]);
  expect(watched.run.generation(watched.task.index)).toBe(0);
});

test('only what was really queued counts as a publication', async () => {
  await using base = await ground();
  await ensureTopology(base.connection);
  const watched = new Watched(base);
  watched.broken.add('publish');
  await watched.look(8);
  expect(watched.results).toEqual([]);
  watched.broken.clear();
  await watched.look(2);
  expect(await watched.queued()).toEqual([watched.task.index]);
  expect(watched.run.generation(watched.task.index)).toBe(1);
});

test('a look that the broker did not answer counts for nothing', async () => {
  await using base = await ground();
  await ensureTopology(base.connection);
  const watched = new Watched(base);
  await watched.look(1);
  watched.broken.add('allQueued');
  await watched.look(1);
  watched.broken.clear();
  await watched.look(1);
  expect(await watched.queued()).toEqual([]);
  await watched.look(1);
  expect(await watched.queued()).toEqual([watched.task.index]);
});

test('a task that leaves the queue time after time is given up, with the number of its publications', async () => {
  await using base = await ground();
  await ensureTopology(base.connection);
  const watched = new Watched(base);
  const { run, task } = watched;
  for (let publication = 0; publication < 3; publication++) {
    await watched.look(2);
    await watched.queue.remove(run.id, task.index);
  }
  expect(watched.results.map(({ outcome }) => outcome)).toEqual([
    {
      $case: 'deadLetter',
      value: { deliveries: 0, publications: 3, reason: 'it left the queue each time without a result' },
    },
  ]);
});

test('a task that is queued though it has ended leaves the queue, once it was seen twice', async () => {
  await using base = await ground();
  await ensureTopology(base.connection);
  const watched = new Watched(base);
  await watched.queue.publish('any_synthetic_measure', watched.task, signal);
  await watched.look(3);
  expect(await watched.queued()).toEqual([watched.task.index]);
  watched.run.accept(outcomeOf(syntheticResult(watched.task), { sequence: 1, time: new Date(0) }));
  await watched.look(1);
  expect(await watched.queued()).toEqual([watched.task.index]);
  await watched.look(1);
  expect(await watched.queued()).toEqual([]);
});
