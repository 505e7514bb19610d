import type { AnyRow, KeyOf, RowKind, RowOf } from '@unpair/measurements';
import { groupKey } from '@unpair/measurements';
import type { ResultSource, RowGroup } from '../src/index.js';
import { rowKind } from '../src/index.js';

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
