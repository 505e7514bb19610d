import { parseCampaign, planCampaign } from '@unpair/campaign';
import { createLogger, systemClock, type Clock } from '@unpair/platform';
import { CampaignServiceService as Service, type CampaignRecord, type Task } from '@unpair/protocol';
import { expect, test } from 'vitest';
import { eventually } from '../../../test/kit/index.js';
import { CampaignRun } from '../src/campaigns/campaign-run.js';
import { newRecord } from '../src/campaigns/records.js';
import { Dispatcher, type DispatcherOptions } from '../src/dispatch/dispatcher.js';
import { Lanes } from '../src/dispatch/lanes.js';
import { tenantWeights, type TenantWeights } from '../src/dispatch/tenant-weights.js';
import { TaskQueue } from '../src/dispatch/task-queue.js';
import { WorkerTable } from '../src/workers/worker-table.js';
import { requestFor, spec } from './support/campaign-file.js';
import { ground, serve } from './support/cluster.js';
import { synthetic, work } from './support/synthetic-worker.js';

const queries = spec.replace('  - mi-fgsm: {}\n', '');
const large = queries.replace('samples: 20', 'samples: 2000');

const logger = createLogger({ service: 'test', level: 'silent' });
const nothing = (): Promise<void> => Promise.resolve();

function runOf(name: string, text: string, more: Partial<CampaignRecord>): CampaignRun {
  const parsed = parseCampaign(text);
  if (!parsed.ok) throw new Error('the file is not valid');
  const bound = { engine: 'synthetic', trainEngine: 'synthetic' };
  const record = { ...newRecord(requestFor(name, text), new Date(0)), ...bound, ...more };
  return new CampaignRun({
    record,
    file: parsed.campaign,
    plan: planCampaign(parsed.campaign),
    seconds: () => 0,
  });
}

/** A dispatcher for one queue of eight slots, whose tasks end when a test says so. */
class Bench implements Disposable {
  readonly runs: CampaignRun[] = [];
  readonly #stop = new AbortController();
  readonly #tasks: Task[] = [];
  readonly #dispatcher: Dispatcher;
  #now = 0;

  constructor(tenantWeights?: TenantWeights) {
    const seconds = (): number => this.#now;
    const workers = new WorkerTable(seconds);
    workers.take({ ...synthetic, slots: 8, kinds: ['attack'] });
    const queue = {
      publish: (_: string, task: Task) => Promise.resolve(void this.#tasks.push(task)),
      clear: nothing,
      hasResult: () => Promise.resolve(false),
    };
    this.#dispatcher = new Dispatcher({
      ...{ queue, workers, lanes: new Lanes(seconds), tenantWeights, window: 2, runs: () => this.runs },
      ...{ bind: nothing, clock: systemClock, logger },
    });
    void this.#dispatcher.run(this.#stop.signal);
  }

  /** Tasks in flight of each campaign, once there are as many as there may be. */
  async inFlight(): Promise<readonly number[]> {
    this.#dispatcher.wake();
    return eventually(() => {
      const counts = this.runs.map((run) => run.count('inFlight'));
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(16);
      return counts;
    });
  }

  /** Lets the oldest tasks end, one after the other. @returns how many of each campaign took their place */
  async end(count: number): Promise<readonly number[]> {
    const before = this.#tasks.length;
    const ended = this.#tasks.slice(before - 16, before - 16 + count);
    for (const { campaignId, index } of ended) {
      // Far enough on that no task counts as a very short one.
      this.#now += 2;
      const about = {
        round: 0,
        sequence: 1,
        time: new Date(0),
        kind: 'done',
        queries: 0,
        seconds: 2,
        failure: '',
      } as const;
      this.runs.find(({ id }) => id === campaignId)?.accept({ ...about, index, derived: undefined });
      await this.inFlight();
    }
    const released = this.#tasks.slice(before);
    return this.runs.map(({ id }) => released.filter(({ campaignId }) => campaignId === id).length);
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }
}

/** Waits until a dispatcher that nobody wakes, on a clock whose seconds are milliseconds, has queued tasks of a campaign. */
async function queuedUnasked(
  run: CampaignRun,
  options: Pick<DispatcherOptions, 'runs' | 'bind'>,
): Promise<void> {
  const seconds = (): number => 0;
  const workers = new WorkerTable(seconds);
  workers.take({ ...synthetic, slots: 8, kinds: ['attack', 'measure'] });
  const clock: Clock = {
    ...systemClock,
    sleep: (milliseconds, signal) => systemClock.sleep(milliseconds / 1_000, signal),
  };
  const queue = { publish: nothing, clear: nothing, hasResult: () => Promise.resolve(false) };
  const lanes = new Lanes(seconds);
  const dispatcher = new Dispatcher({
    ...{ queue, workers, lanes, window: 2, clock, logger },
    ...options,
  });
  const stop = new AbortController();
  const running = dispatcher.run(stop.signal);
  await eventually(() => {
    expect(run.count('inFlight')).toBeGreaterThan(0);
  });
  stop.abort();
  await running;
}

test('a coordinator whose lease lapsed while its last task ended goes on once it leads again', async () => {
  const run = runOf('large', large, {});
  let looks = 0;
  // It does not lead until long after its first look, and nothing says so.
  await queuedUnasked(run, { runs: () => (++looks > 3 ? [run] : []), bind: nothing });
});

test('a campaign whose engine could not be written down is bound at a later look', async () => {
  const run = runOf('large', large, { engine: '', trainEngine: '' });
  let tries = 0;
  const bind: DispatcherOptions['bind'] = (_, binding) => {
    if (++tries === 1) return Promise.reject(new Error('the broker does not answer'));
    run.revise({ ...run.record, ...binding });
    return Promise.resolve();
  };
  await queuedUnasked(run, { runs: () => [run], bind });
});

test('campaigns share a queue by their weights, and those of a higher priority come first', async () => {
  using bench = new Bench();
  const light = runOf('light', large, { weight: 1 });
  const heavy = runOf('heavy', large, { weight: 3 });
  bench.runs.push(light, heavy);
  expect(await bench.inFlight()).toEqual([4, 12]);
  expect(await bench.end(16)).toEqual([4, 12]);
  const urgent = runOf('urgent', queries, { priority: 5, weight: 0.01 });
  bench.runs.push(urgent);
  // Every place that comes free is its own, until all four of its tasks are out.
  expect(await bench.end(4)).toEqual([0, 0, 4]);
  const after = await bench.end(12);
  expect(after[2]).toBe(0);
  light.revise({ ...light.record, weight: 3 });
  for (let round = 0; round < 2; round++) await bench.end(16);
  expect(await bench.inFlight()).toEqual([8, 8, 0]);
  heavy.revise({ ...heavy.record, priority: 1 });
  await bench.end(16);
  expect(await bench.inFlight()).toEqual([0, 16, 0]);
});

test('a campaign that is nearly done has eight places of nine beside a large one of its weight', async () => {
  using bench = new Bench();
  bench.runs.push(runOf('large', large, {}));
  expect(await bench.inFlight()).toEqual([16]);
  bench.runs.push(runOf('small', queries.replace('samples: 20', 'samples: 50'), {}));
  // All of its ten attacks, where equal shares were eight.
  expect(await bench.end(16)).toEqual([6, 10]);
});

test('tenants share a queue by their weights, however many and urgent their campaigns, and campaigns what their tenant has', async () => {
  const setting = tenantWeights('UNPAIR_TENANT_WEIGHTS');
  expect(setting.parse('red=1,red=2')).toHaveProperty('allowed');
  expect(setting.parse('red=0')).toHaveProperty('allowed');
  const read = setting.parse('blue=3, green=1');
  if (!('value' in read)) throw new Error(read.allowed);
  using bench = new Bench(read.value);
  const of = (tenant: string, name: string, more: Partial<CampaignRecord> = {}): CampaignRun =>
    runOf(`${tenant} ${name}`, large, { tenant, ...more });
  bench.runs.push(of('red', 'one', { priority: 9 }), of('red', 'two', { priority: 9 }));
  // A tenant that is alone has all.
  expect(await bench.inFlight()).toEqual([8, 8]);
  bench.runs.push(of('blue', 'one', { weight: 2 }), of('blue', 'two'));
  for (let round = 0; round < 2; round++) await bench.end(16);
  expect(await bench.inFlight()).toEqual([2, 2, 8, 4]);
});

test('over the real broker, what is queued is shared by weight, and a new priority counts at once', async () => {
  await using base = await ground({ slots: 8 });
  await using served = await serve(base, { window: 2 });
  const { client } = served;
  const queue = new TaskQueue(base.connection);
  const create = async (name: string, weight: number): Promise<string> =>
    (await client.unary(Service.createCampaign, { ...requestFor(name, large), weight })).campaign?.id ?? '';
  const first = await create('first', 1);
  const attacks = async (id: string): Promise<number> =>
    [...(await queue.queued(id)).values()].filter((name) => name === 'any_synthetic_attack').length;
  await eventually(async () => {
    expect(await attacks(first)).toBe(16);
  });
  const second = await create('second', 3);
  await eventually(() => {
    expect(served.coordinator.book.get(second).record.engine).toBe('synthetic');
  });
  const { connection } = base;
  const take = (limit: number): Promise<readonly Task[]> =>
    work({ connection, limit, queues: ['any_synthetic_attack'] }, new AbortController().signal);
  await take(16);
  await eventually(async () => {
    const [own, other] = [await attacks(first), await attacks(second)];
    expect(own + other).toBeGreaterThanOrEqual(16);
    expect(Math.abs(other - 3 * own)).toBeLessThanOrEqual(3);
  });
  const changes = { weight: undefined, engine: undefined, trainEngine: undefined };
  await client.unary(Service.updateCampaign, { id: first, priority: 1, ...changes });
  await take((await attacks(first)) + (await attacks(second)));
  await eventually(async () => {
    expect(await attacks(second)).toBe(0);
    expect(await attacks(first)).toBeGreaterThanOrEqual(16);
  });
});
