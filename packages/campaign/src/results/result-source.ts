import type { AnyRow, KeyOf, RowKind, RowOf } from '@unpair/measurements';
import { groupKey } from '@unpair/measurements';
import type { RowGroup } from './rows.js';
import { rowKind } from './rows.js';

/**
 * Where the rows of a campaign come from: a database, or memory. Rows may come in any order, each sample at most
 * once; where there are no results yet, there are no rows. One group is asked for at a time, so that a report over
 * millions of rows never holds them all.
 */
export interface ResultSource {
  rows<K extends RowKind>(kind: K, key: KeyOf<K>): Promise<readonly RowOf<K>[]>;
}

/** Rows held in memory, shard by shard as they arrive. */
export class MemoryResults implements ResultSource {
  readonly #groups = new Map<string, AnyRow[]>();

  /** Adds a shard's rows. The caller sees to it that no shard comes twice. */
  add(shard: RowGroup): void {
    const key = groupKey(rowKind(shard.kind), shard);
    const group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, [...shard.rows]);
    else for (const row of shard.rows) group.push(row);
  }

  rows<K extends RowKind>(kind: K, key: KeyOf<K>): Promise<readonly RowOf<K>[]> {
    const rows: readonly unknown[] = this.#groups.get(groupKey(kind, key)) ?? [];
    return Promise.resolve(rows as readonly RowOf<K>[]);
  }
}
