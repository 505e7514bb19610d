import { UnpairError } from '@unpair/errors';
import type { Clock } from '@unpair/platform';
import { CampaignState, type CampaignRecord } from '@unpair/protocol';
import type { WorkerTable } from '../workers/worker-table.js';
import type { CampaignBook } from './campaign-book.js';
import { refusal } from './campaign-life.js';
import type { CampaignRun } from './campaign-run.js';
import type { CampaignRecords } from './records.js';

export interface RebindingOptions {
  readonly book: CampaignBook;
  readonly records: CampaignRecords;
  readonly workers: Pick<WorkerTable, 'all' | 'engines'>;
  /** Takes the tasks of a campaign out of the queue. */
  readonly unqueue: (campaignId: string) => Promise<unknown>;
  /** There may be tasks to release. */
  readonly wake: () => void;
  readonly clock: Clock;
}

/** Engines by name; empty for whichever has most slots, undefined for those that a campaign has. */
export interface WantedEngines {
  readonly engine?: string | undefined;
  readonly trainEngine?: string | undefined;
}

/**
 * Binds a campaign to other engines, where its own are gone. It is paused meanwhile, so that what is queued for the old ones
 * is taken back; a coordinator that dies in between leaves it paused, as it was.
 */
export class Rebinding {
  readonly #options: RebindingOptions;

  constructor(options: RebindingOptions) {
    this.#options = options;
  }

  /** @throws UnpairError FAILED_PRECONDITION where rows would mix, or no such engine is there */
  async rebind(id: string, wanted: WantedEngines): Promise<void> {
    const { book, records, unqueue, wake, clock } = this.#options;
    const run = book.get(id);
    const was = { running: false };
    await records.amend(run, (record) => {
      this.#check(run, wanted);
      was.running = run.state === CampaignState.RUNNING;
      return was.running ? { ...record, pauseTime: clock.now() } : record;
    });
    if (was.running) await unqueue(run.id);
    await records.amend(run, (record) =>
      was.running ? runningWith(record, wanted) : boundTo(record, wanted),
    );
    wake();
  }

  #check(run: CampaignRun, { engine, trainEngine }: WantedEngines): void {
    if (run.file.placement.mixed)
      throw refusal(run, 'its file lets engines mix, so that it is bound to none');
    for (const name of [engine, trainEngine]) this.#checkExists(run, name);
    const bound = run.record.engine;
    if (engine === undefined || bound === '' || engine === bound) return;
    if (run.hasRows) {
      const way = `"unpair resume ${run.id} --scope all" runs all of it on another, as a campaign of its own`;
      throw refusal(run, `it has rows of engine ${bound}, and those of two do not mix: ${way}`);
    }
    const holder = this.#options.workers
      .all()
      .find(({ report }) => report?.tasks.some(({ campaignId }) => campaignId === run.id));
    if (holder?.report?.engine !== bound) return;
    const { worker } = holder.report;
    throw refusal(
      run,
      `worker ${worker} of engine ${bound} has a task of it in hand: pause it, and wait for that`,
    );
  }

  #checkExists(run: CampaignRun, name: string | undefined): void {
    if (name === undefined || name === '') return;
    const names = [...new Set(this.#options.workers.engines().map(({ engine }) => engine))];
    if (names.includes(name)) return;
    const there = names.length === 0 ? 'none is' : `there are ${names.join(', ')}`;
    throw refusal(run, `no worker of engine "${name}" is there (${there})`);
  }
}

function boundTo(record: CampaignRecord, { engine, trainEngine }: WantedEngines): CampaignRecord {
  return { ...record, engine: engine ?? record.engine, trainEngine: trainEngine ?? record.trainEngine };
}

/** In another round, for its tasks are published again. */
function runningWith(record: CampaignRecord, wanted: WantedEngines): CampaignRecord {
  if (record.pauseTime === undefined)
    throw new UnpairError('ABORTED', `Campaign ${record.id} was resumed meanwhile; ask again.`);
  return { ...boundTo(record, wanted), round: record.round + 1, pauseTime: undefined };
}
