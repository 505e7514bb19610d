import type { AccuracyRow, AttackRow, SimilarityRow } from '@unpair/robustness';
import type { RowGroup } from './rows.js';

/**
 * Where the rows of a campaign come from: a database, or memory. Rows may come in any order, each sample at most
 * once; where there are no results yet, there are no rows. One group is asked for at a time, so that a report over
 * millions of rows never holds them all.
 */
export interface ResultSource {
  accuracy(model: string): Promise<readonly AccuracyRow[]>;
  similarity(surrogate: string, target: string): Promise<readonly SimilarityRow[]>;
  attack(cell: string): Promise<readonly AttackRow[]>;
}

/** Rows held in memory, shard by shard as they arrive. */
export class MemoryResults implements ResultSource {
  readonly #accuracy = new Map<string, AccuracyRow[]>();
  readonly #similarity = new Map<string, SimilarityRow[]>();
  readonly #attack = new Map<string, AttackRow[]>();

  /** Adds a shard's rows. The caller sees to it that no shard comes twice. */
  add(shard: RowGroup): void {
    if (shard.kind === 'accuracy') append(this.#accuracy, shard.model, shard.rows);
    else if (shard.kind === 'attack') append(this.#attack, shard.cell, shard.rows);
    else append(this.#similarity, pairKey(shard.surrogate, shard.target), shard.rows);
  }

  accuracy(model: string): Promise<readonly AccuracyRow[]> {
    return Promise.resolve(this.#accuracy.get(model) ?? []);
  }

  similarity(surrogate: string, target: string): Promise<readonly SimilarityRow[]> {
    return Promise.resolve(this.#similarity.get(pairKey(surrogate, target)) ?? []);
  }

  attack(cell: string): Promise<readonly AttackRow[]> {
    return Promise.resolve(this.#attack.get(cell) ?? []);
  }
}

/** Model names hold no spaces. */
function pairKey(surrogate: string, target: string): string {
  return `${surrogate} ${target}`;
}

function append<T>(tables: Map<string, T[]>, key: string, rows: readonly T[]): void {
  const table = tables.get(key);
  if (table === undefined) tables.set(key, [...rows]);
  else for (const row of rows) table.push(row);
}
