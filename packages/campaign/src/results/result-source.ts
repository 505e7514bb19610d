import type {
  AccuracyRow,
  AlignmentRow,
  MaskingRow,
  SimilarityInputs,
  SimilarityRow,
} from '@unpair/measurements';
import type { AttackRow } from '@unpair/attacks';
import type { RowGroup } from './rows.js';
import { groupKey } from './rows.js';

/**
 * Where the rows of a campaign come from: a database, or memory. Rows may come in any order, each sample at most
 * once; where there are no results yet, there are no rows. One group is asked for at a time, so that a report over
 * millions of rows never holds them all.
 */
export interface ResultSource {
  accuracy(model: string): Promise<readonly AccuracyRow[]>;
  similarity(surrogate: string, target: string, inputs: SimilarityInputs): Promise<readonly SimilarityRow[]>;
  alignment(surrogate: string, target: string): Promise<readonly AlignmentRow[]>;
  masking(model: string): Promise<readonly MaskingRow[]>;
  attack(cell: string): Promise<readonly AttackRow[]>;
}

/** Rows held in memory, shard by shard as they arrive. */
export class MemoryResults implements ResultSource {
  readonly #accuracy = new Map<string, AccuracyRow[]>();
  readonly #similarity = new Map<string, SimilarityRow[]>();
  readonly #alignment = new Map<string, AlignmentRow[]>();
  readonly #masking = new Map<string, MaskingRow[]>();
  readonly #attack = new Map<string, AttackRow[]>();

  /** Adds a shard's rows. The caller sees to it that no shard comes twice. */
  add(shard: RowGroup): void {
    const key = groupKey(shard);
    if (shard.kind === 'accuracy') append(this.#accuracy, key, shard.rows);
    else if (shard.kind === 'attack') append(this.#attack, key, shard.rows);
    else if (shard.kind === 'masking') append(this.#masking, key, shard.rows);
    else if (shard.kind === 'alignment') append(this.#alignment, key, shard.rows);
    else append(this.#similarity, key, shard.rows);
  }

  accuracy(model: string): Promise<readonly AccuracyRow[]> {
    return rowsOf(this.#accuracy, { kind: 'accuracy', model, rows: [] });
  }

  similarity(surrogate: string, target: string, inputs: SimilarityInputs): Promise<readonly SimilarityRow[]> {
    return rowsOf(this.#similarity, { kind: 'similarity', surrogate, target, inputs, rows: [] });
  }

  alignment(surrogate: string, target: string): Promise<readonly AlignmentRow[]> {
    return rowsOf(this.#alignment, { kind: 'alignment', surrogate, target, rows: [] });
  }

  masking(model: string): Promise<readonly MaskingRow[]> {
    return rowsOf(this.#masking, { kind: 'masking', model, rows: [] });
  }

  attack(cell: string): Promise<readonly AttackRow[]> {
    return rowsOf(this.#attack, { kind: 'attack', cell, rows: [] });
  }
}

function rowsOf<T>(tables: ReadonlyMap<string, readonly T[]>, group: RowGroup): Promise<readonly T[]> {
  return Promise.resolve(tables.get(groupKey(group)) ?? []);
}

function append<T>(tables: Map<string, T[]>, key: string, rows: readonly T[]): void {
  const table = tables.get(key);
  if (table === undefined) tables.set(key, [...rows]);
  else for (const row of rows) table.push(row);
}
