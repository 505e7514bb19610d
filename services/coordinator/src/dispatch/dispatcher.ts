import { taskMessageId, workKinds, type Task, type WorkKind } from '@unpair/protocol';
import { withinSpan, type Clock, type Logger } from '@unpair/platform';
import { ChangeSignal } from '../campaigns/change-signal.js';
import type { CampaignRun } from '../campaigns/campaign-run.js';
import { bindingFor, classWanted, queuesFor, type Binding } from '../workers/placement.js';
import type { WorkerTable } from '../workers/worker-table.js';
import type { Lanes } from './lanes.js';
import type { TaskQueue } from './task-queue.js';
import type { TenantWeights } from './tenant-weights.js';

export interface DispatcherOptions {
  readonly queue: Pick<TaskQueue, 'publish' | 'clear' | 'hasResult'>;
  /** Campaigns to serve, in any order. */
  readonly runs: () => Iterable<CampaignRun>;
  readonly workers: WorkerTable;
  readonly lanes: Lanes;
  /** Shares of tenants; all the same unless said. */
  readonly tenantWeights?: TenantWeights | undefined;
  /** Tasks in flight that a queue may have at least, however few workers serve it. */
  readonly window: number;
  /** Writes down the engines that a campaign is bound to. */
  readonly bind: (run: CampaignRun, binding: Binding) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Publications on their way at a time: all wait for the slowest of them, so that few would be held up by a broker that is slow to answer. */
const batchSize = 256;
/** Milliseconds after which it looks again unasked: nobody tells it that it leads again, or that the broker takes writes again. */
const longestSleep = 1_000;

/** A campaign is nearly done when its open tasks are fewer than so many for each slot of a queue; then it counts as of so many times its weight. */
const nearlyDone = { tasks: 8, favour: 8 };

/** A queue that has room, and the campaigns that may fill it. */
interface Opening {
  readonly queue: string;
  readonly slots: number;
  readonly kind: WorkKind;
  readonly runs: Set<CampaignRun>;
  room: number;
}

/** A task on its way to a queue. */
interface Released {
  readonly run: CampaignRun;
  readonly task: Task;
  readonly queue: string;
}

/**
 * Keeps a window of tasks in flight for each queue, twice as many as its workers have slots, and shares it between the tenants by
 * their weights; and what a tenant has between its campaigns: those of the highest priority first, and among equals the one with the
 * fewest in flight for its weight, which is more where little is left to do.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #work = new ChangeSignal();
  /** Tasks that may be in the queue although their publication failed. */
  readonly #unsure = new Set<string>();
  #again = true;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** Something has changed: there may be tasks to publish. */
  wake(): void {
    this.#again = true;
    this.#work.notify();
  }

  /** Dispatches until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const waking = this.#keepAwake(signal);
    while (!signal.aborted) {
      this.#again = false;
      await this.#bindNew();
      const batch = this.#nextBatch();
      if (batch.length > 0) await this.#publish(batch, signal);
      else if (!this.#isWoken()) await this.#work.next(signal).catch(() => undefined);
    }
    await waking;
  }

  async #keepAwake(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#options.clock.sleep(longestSleep, signal).catch(() => undefined);
      this.wake();
    }
  }

  /** A method, for the flag changes between two reads of it. */
  #isWoken(): boolean {
    return this.#again;
  }

  /** Binds campaigns to engines before they release the first task for one, as soon as there is one for them. */
  async #bindNew(): Promise<void> {
    const { runs, workers, bind, logger } = this.#options;
    for (const run of [...runs()]) {
      const { file, record } = run;
      if (file.placement.mixed || (record.engine !== '' && record.trainEngine !== '')) continue;
      const binding = bindingFor(file.placement, record, workers.engines());
      if (binding.engine === record.engine && binding.trainEngine === record.trainEngine) continue;
      await bind(run, binding).catch((error: unknown) => {
        logger.warn({ error, campaign: run.id }, 'a campaign could not be bound to an engine; trying again');
      });
    }
  }

  #nextBatch(): readonly Released[] {
    const batch: Released[] = [];
    this.#options.lanes.settle();
    for (const opening of this.#openings()) {
      while (opening.room > 0 && batch.length < batchSize) {
        const released = this.#release(opening);
        if (released === undefined) break;
        batch.push(released);
      }
    }
    return batch;
  }

  /** The queues that have room and workers; of campaigns that can go to none, says what they wait for. */
  #openings(): Iterable<Opening> {
    const { runs, workers, lanes, window } = this.#options;
    const [slots, engines] = [workers.slots(), workers.engines()];
    const openings = new Map<string, Opening>();
    for (const run of runs()) {
      for (const kind of workKinds) {
        const task = { placement: run.file.placement, binding: run.record, kind };
        const live = queuesFor(task, engines).filter((queue) => slots.has(queue));
        if (kind === run.firstKind)
          run.wait(live.length > 0 || !workers.isKnown ? '' : waitingReason(run, kind));
        for (const queue of live) {
          const there = slots.get(queue) ?? 0;
          const room = lanes.window(queue, there, window) - lanes.count(queue);
          const opening = openings.get(queue) ?? { queue, slots: there, kind, runs: new Set(), room };
          openings.set(queue, opening);
          opening.runs.add(run);
        }
      }
    }
    return openings.values();
  }

  /** The next task for a queue, of the campaign whose turn it is. */
  #release(opening: Opening): Released | undefined {
    const { queue, kind, runs } = opening;
    for (;;) {
      const run = this.#next(opening);
      if (run === undefined) return undefined;
      const task = run.next(kind);
      if (task === undefined) {
        runs.delete(run);
        continue;
      }
      this.#options.lanes.add(queue, run, task.index);
      opening.room--;
      return { run, task, queue };
    }
  }

  /** The campaign whose turn it is in a queue: of the tenant that has least of it, the most urgent, and of those the one that has least. */
  #next({ queue, slots, runs }: Opening): CampaignRun | undefined {
    const { lanes, tenantWeights } = this.#options;
    const tenants = lanes.tenants(queue);
    let first: CampaignRun | undefined;
    let best: Turn = [];
    for (const run of runs) {
      const { tenant, priority, weight } = run;
      const tenantShare = (tenants.get(tenant) ?? 0) / (tenantWeights?.get(tenant) ?? 1);
      const isNearlyDone = run.count('pending') + run.count('inFlight') <= nearlyDone.tasks * slots;
      const share = weight * (isNearlyDone ? nearlyDone.favour : 1);
      const turn = [tenantShare, -priority, lanes.count(queue, run) / share];
      if (first !== undefined && !isBefore(turn, best)) continue;
      first = run;
      best = turn;
    }
    return first;
  }

  async #publish(batch: readonly Released[], signal: AbortSignal): Promise<void> {
    const { queue, clock, logger } = this.#options;
    const outcomes = await Promise.allSettled(batch.map((released) => this.#send(released, signal)));
    let error: unknown;
    batch.forEach(({ run, task }, position) => {
      const outcome = outcomes[position];
      if (outcome?.status !== 'rejected') return;
      error = outcome.reason;
      run.putBack(task.index);
    });
    // Tasks of a campaign that was stopped while they were on their way came after it was cleared.
    const stopped = new Set(
      batch.filter(({ run }) => run.isCancelled || run.isPaused).map(({ run }) => run.id),
    );
    await Promise.allSettled([...stopped].map((id) => queue.clear(id)));
    if (error === undefined || signal.aborted) return;
    logger.warn({ error }, 'tasks could not be queued; trying again');
    await clock.sleep(1_000, signal).catch(() => undefined);
  }

  /** Queues a task, unless an earlier try had queued it, behind an answer that was lost, and its result is there. */
  async #send({ run, task, queue: name }: Released, signal: AbortSignal): Promise<void> {
    const { queue } = this.#options;
    const key = taskMessageId(task);
    if (this.#unsure.has(key) && (await queue.hasResult(task))) {
      this.#unsure.delete(key);
      return;
    }
    this.#unsure.add(key);
    const attributes = { campaign: run.id, task: task.index, queue: name };
    await withinSpan('release', { kind: 'producer', attributes, parent: run.record.trace ?? '' }, () =>
      queue.publish(name, task, signal),
    );
    this.#unsure.delete(key);
  }
}

/** What decides whose turn it is, the most important first; the least is first. */
type Turn = readonly number[];

function isBefore(turn: Turn, other: Turn): boolean {
  const at = turn.findIndex((part, position) => part !== other[position]);
  return at >= 0 && (turn[at] ?? 0) < (other[at] ?? 0);
}

function waitingReason(run: CampaignRun, kind: WorkKind): string {
  const { placement } = run.file;
  return `waits for a worker of class ${classWanted({ placement, binding: run.record, kind })}`;
}
