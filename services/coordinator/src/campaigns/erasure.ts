import { UnpairError } from '@unpair/errors';
import { eraseMessages, type Clock, type NatsConnection } from '@unpair/platform';
import {
  CampaignState,
  resultsOf,
  resultsStream,
  wastedSubject,
  type CampaignRecord,
} from '@unpair/protocol';
import type { ResultStore } from '../results/result-store.js';
import type { CampaignBook } from './campaign-book.js';
import type { CampaignRecords } from './records.js';
import { stateWord } from './campaign-life.js';

export interface ErasureOptions {
  readonly connection: NatsConnection;
  readonly book: CampaignBook;
  readonly records: CampaignRecords;
  readonly store: ResultStore;
  readonly clock: Clock;
}

/**
 * Deletes campaigns, in an order that a crash may interrupt anywhere: first the record says so, then results go, from the
 * stream and from the store, and the record last; a coordinator that starts anew goes on with what is half deleted.
 * Artefacts that nothing refers to any more are collected later.
 */
export class Erasure {
  readonly #options: ErasureOptions;

  constructor(options: ErasureOptions) {
    this.#options = options;
  }

  /** @returns the id. @throws UnpairError FAILED_PRECONDITION while it may still run */
  async erase(beginning: string): Promise<string> {
    const { book, records, clock } = this.#options;
    const run = book.resolve(beginning);
    const { id } = run;
    await records.amend(run, (record) => {
      checkErasable(id, run.state);
      return record.deleteTime === undefined ? { ...record, deleteTime: clock.now() } : record;
    });
    await this.finish(run.record);
    return id;
  }

  /** Deletes what is left of a campaign whose record says that it is deleted. */
  async finish(record: CampaignRecord): Promise<void> {
    const { id } = record;
    const { connection, book, records, store } = this.#options;
    await eraseMessages(connection, { stream: resultsStream, filter: resultsOf(id) });
    await eraseMessages(connection, { stream: resultsStream, filter: wastedSubject(id) });
    book.remove(id);
    await store.remove(id);
    await records.remove(record);
  }
}

function checkErasable(id: string, state: CampaignState): void {
  if (state !== CampaignState.RUNNING && state !== CampaignState.PAUSED) return;
  const message = `Campaign ${id} is ${stateWord(state)}: cancel it before it is deleted.`;
  throw new UnpairError('FAILED_PRECONDITION', message, { reason: 'WRONG_STATE' });
}
