import type { ResultSource } from '@unpair/campaign';
import type { KeyOf, RowKind, RowOf } from '@unpair/measurements';
import type { ResultStore } from './result-store.js';
import { selectRows } from './schema.js';

/** A campaign's rows for its report, one group at a time. */
export class StoredResults implements ResultSource {
  readonly #store: ResultStore;
  readonly #campaignId: string;

  constructor(store: ResultStore, campaignId: string) {
    this.#store = store;
    this.#campaignId = campaignId;
  }

  async rows<K extends RowKind>(kind: K, key: KeyOf<K>): Promise<readonly RowOf<K>[]> {
    const named: Readonly<Record<string, string>> = key;
    const values = Object.keys(kind.key).map((part) => named[part] ?? '');
    const rows: readonly unknown[] = await this.#store.query(selectRows(kind), [this.#campaignId, ...values]);
    return rows as readonly RowOf<K>[];
  }
}
