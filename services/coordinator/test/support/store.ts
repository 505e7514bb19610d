import type { TaskResult } from '@unpair/protocol';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outcomeOf } from '../../src/campaigns/outcome.js';
import { ResultStore } from '../../src/results/result-store.js';
import type { ExportTable } from '../../src/results/schema.js';

export type Outcome = Exclude<TaskResult['outcome'], undefined>;

/** A result store of its own, whose campaign is `c`. */
export interface OpenedStore extends AsyncDisposable {
  readonly store: ResultStore;
  /** A table as it is exported. */
  csv(table: ExportTable): Promise<string>;
}

/** Opens a store that has taken in these results, one after the other. */
export async function storeOf(outcomes: readonly Outcome[]): Promise<OpenedStore> {
  const folder = await mkdtemp(join(tmpdir(), 'unpair-store-'));
  const store = await ResultStore.open({ path: join(folder, 'results.duckdb'), streamId: 's' });
  const about = { campaignId: 'c', round: 0, generation: 0, worker: 'w', runtime: 'r', seconds: 1 };
  outcomes.forEach((outcome, index) => {
    const result = { ...about, index, outcome };
    store.addResult(result, outcomeOf(result, { sequence: index + 1, time: new Date(0) }));
    store.advance({ sequence: index + 1, time: new Date(0), subject: `results.c.${index}` });
  });
  return {
    store,
    async csv(table) {
      const file = join(folder, `${table}.csv`);
      await store.export('c', table, 'csv', file);
      return readFile(file, 'utf8');
    },
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
