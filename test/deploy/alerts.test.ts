import { ConnectionMetrics, createRegistry, systemClock, type Clock } from '@unpair/platform';
import { registerLeading } from '@unpair/coordinator';
import { CampaignServiceService as Service, encodeTraining, trainingSubject } from '@unpair/protocol';
import { describe, expect, test } from 'vitest';
import { eventually } from '../kit/index.js';
import { requestFor, taskCount } from '../../services/coordinator/test/support/campaign-file.js';
import { ground, serve, type Ground, type Served } from '../../services/coordinator/test/support/cluster.js';
import { beThere, work } from '../../services/coordinator/test/support/synthetic-worker.js';
import { checkAlerts, isPromtoolInstalled } from './promtool.js';

const without = !isPromtoolInstalled();
const suffix = without ? ' (skipped: promtool is not installed)' : '';

/** The machine's clock, which a test sets forward. */
class FastClock implements Clock {
  #ahead = 0;
  readonly now = (): Date => new Date(Date.now() + 1_000 * this.#ahead);
  readonly seconds = (): number => systemClock.seconds() + this.#ahead;
  readonly sleep: Clock['sleep'] = (milliseconds, signal) => systemClock.sleep(milliseconds, signal);

  forward(minutes: number): void {
    this.#ahead += 60 * minutes;
  }
}

/** A coordinator that leads, its clock, and what it says to Prometheus. */
interface Watched extends AsyncDisposable {
  readonly base: Ground;
  readonly served: Served;
  readonly clock: FastClock;
  scrape(): Promise<string>;
  /** Creates the synthetic campaign. */
  campaign(): Promise<string>;
}

async function watched(slots: number): Promise<Watched> {
  const clock = new FastClock();
  const base = await ground({ slots });
  const served = await serve(base, { clock });
  const { registry, client } = served;
  new ConnectionMetrics(registry).follow(base.connection);
  registerLeading(registry, () => !base.connection.isClosed());
  return {
    ...{ base, served, clock },
    scrape: () => registry.metrics(),
    campaign: async () => {
      const { campaign } = await client.unary(Service.createCampaign, requestFor('watched'));
      return campaign?.id ?? '';
    },
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]();
      await base[Symbol.asyncDispose]();
    },
  };
}

const queued = (served: Served, id: string): Promise<void> =>
  eventually(() => {
    expect(served.coordinator.book.get(id).count('inFlight')).toBe(9);
  });

describe.skipIf(without)(`alerts over scrapes of a coordinator${suffix}`, () => {
  test('two dead letters raise one alert, from the first on, and a campaign that ends well none', async () => {
    await using all = await watched(1);
    const before = await all.scrape();
    const id = await all.campaign();
    const stop = new AbortController();
    let dead = 0;
    const value = { deliveries: 5, publications: 1, reason: 'out of memory' };
    const working = work(
      {
        connection: all.base.connection,
        outcome: (task) =>
          task.work?.$case === 'attack' && dead++ < 2 ? { $case: 'deadLetter', value } : undefined,
      },
      stop.signal,
    );
    await eventually(() => {
      expect(all.served.coordinator.book.get(id).ended).toBe(true);
    });
    stop.abort();
    await working;
    expect(all.served.coordinator.book.get(id).count('done')).toBe(taskCount - 2);
    const coordinator = await all.scrape();
    const well = coordinator.replaceAll(/(state="dead_letter"\}|outcome="dead_letter"\}) 2/g, '$1 0');
    const start = { jobs: { coordinator: before }, minutes: 20 };
    checkAlerts([start, { jobs: { coordinator }, minutes: 40 }], { DeadLetters: 1 });
    checkAlerts([start, { jobs: { coordinator: well }, minutes: 40 }], {});
    all.clock.forward(61);
    expect(await all.scrape()).not.toContain('unpair_campaign_tasks{');
  });

  test('a worker that never brings a result, and a campaign that hangs, are heard of', async () => {
    await using all = await watched(0);
    const { base, served, clock } = all;
    using worker = beThere(base.connection);
    const id = await all.campaign();
    await queued(served, id);
    await all.scrape();
    // Nobody pulls: a worker is free, and nothing happens.
    clock.forward(31);
    await worker.report({});
    const hanging = { jobs: { coordinator: await all.scrape() }, minutes: 10 };
    checkAlerts([hanging], { CampaignSilent: 1 });
    // Now the worker has a task, and says nothing of it.
    await worker.report({ tasks: [{ campaignId: id, index: 0, round: 0 }] });
    await all.scrape();
    clock.forward(91);
    await worker.report({});
    const held = { jobs: { coordinator: await all.scrape() }, minutes: 10 };
    checkAlerts([held], { CampaignSilent: 1, TaskOverdue: 1 });
  });

  test('a training of two hours and a campaign that waits behind it are sound', async () => {
    await using all = await watched(0);
    const { base, served, clock } = all;
    const id = await all.campaign();
    const second = requestFor('behind');
    await served.client.unary(Service.createCampaign, second);
    using worker = beThere(base.connection, { tasks: [{ campaignId: id, index: 0, round: 0 }] });
    await eventually(() => {
      expect(served.coordinator.book.get(id).isInFlight(0)).toBe(true);
      expect(served.coordinator.workers.all()[0]?.report?.tasks).toHaveLength(1);
    });
    const scrapes = [{ jobs: { coordinator: await all.scrape() }, minutes: 10 }];
    const training = { model: 'int8', steps: 9, epochs: 1, loss: 1, accuracy: 0.5, measures: {} };
    for (let step = 1; step <= 6; step++) {
      clock.forward(20);
      await worker.report({});
      const message = encodeTraining({ ...training, step, secondsLeft: 60 * (140 - 20 * step) });
      base.connection.publish(trainingSubject({ campaignId: id, index: 0 }), message);
      await eventually(() => {
        expect(served.coordinator.book.get(id).training.all()[0]?.step).toBe(step);
      });
      scrapes.push({ jobs: { coordinator: await all.scrape() }, minutes: 20 });
    }
    for (let count = 1; count <= scrapes.length; count++) checkAlerts(scrapes.slice(0, count), {});
    expect(scrapes.at(-1)?.jobs.coordinator).toMatch(/unpair_campaign_left_seconds\{[^}]*\} 1[2-9]\d\d/);
  });

  test('a cluster without workers is sound while nothing waits, and is not when something does', async () => {
    await using all = await watched(0);
    checkAlerts([{ jobs: { coordinator: await all.scrape() }, minutes: 60 }], {});
    await all.campaign();
    // One for each kind of work: to train, to attack, to measure.
    checkAlerts([{ jobs: { coordinator: await all.scrape() }, minutes: 60 }], { WorkersMissing: 3 });
  });

  test('a broker that is away is told by all that miss it, and by nothing else', async () => {
    await using base = await ground({ slots: 0 });
    const [worker, coordinator] = [createRegistry(), createRegistry()];
    for (const each of [worker, coordinator]) new ConnectionMetrics(each).follow(base.connection);
    registerLeading(coordinator, () => true);
    const told = { coordinator: await coordinator.metrics(), worker: await worker.metrics() };
    const sound = { jobs: told, minutes: 10 };
    await base.nats.kill();
    await eventually(async () => {
      expect(await worker.metrics()).toContain('unpair_nats_connected 0');
    });
    // The coordinator that led ends, and starts anew without a broker.
    const registry = createRegistry();
    new ConnectionMetrics(registry);
    registerLeading(registry, () => false);
    const away = { coordinator: await registry.metrics(), worker: await worker.metrics() };
    checkAlerts([sound, { jobs: away, minutes: 10 }], { BrokerAway: 1 });
  });
});
