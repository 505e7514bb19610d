import type { ResultSource } from '@unpair/campaign';
import type { AnyRow, KeyOf, RowKind, RowOf } from '@unpair/measurements';
import type { GroupSize, ResultStore } from './result-store.js';

/** Rows that are read together, and batches that are held: a report asks for groups in the order in which they came. */
const batchRows = 10_000;
const batchesHeld = 4;

type Batch = ReadonlyMap<number, readonly AnyRow[]>;

/** A campaign's rows for its report: asked for one group at a time, and read many groups at a time. */
export class StoredResults implements ResultSource {
  readonly #store: ResultStore;
  readonly #campaignId: string;
  /** For each kind the batch that a group is read with. */
  readonly #batches = new Map<string, ReadonlyMap<number, readonly number[]>>();
  /** The last one used comes last. */
  #held: readonly (readonly [kind: string, batch: Batch])[] = [];

  constructor(store: ResultStore, campaignId: string) {
    this.#store = store;
    this.#campaignId = campaignId;
  }

  async rows<K extends RowKind>(kind: K, key: KeyOf<K>): Promise<readonly RowOf<K>[]> {
    const named: Readonly<Record<string, string>> = key;
    const parts = Object.keys(kind.key).map((part) => named[part] ?? '');
    const group = this.#store.group(kind, this.#campaignId, parts);
    const rows: readonly unknown[] = group === undefined ? [] : await this.#rowsOf(kind, group);
    return rows as readonly RowOf<K>[];
  }

  async #rowsOf(kind: RowKind, group: number): Promise<readonly AnyRow[]> {
    const held = this.#held.find(([name, batch]) => name === kind.name && batch.has(group));
    const batch = held?.[1] ?? (await this.#read(kind, group));
    const others = this.#held.filter((entry) => entry !== held).slice(1 - batchesHeld);
    this.#held = [...others, [kind.name, batch]];
    return batch.get(group) ?? [];
  }

  async #read(kind: RowKind, group: number): Promise<Batch> {
    let batches = this.#batches.get(kind.name);
    if (batches === undefined) {
      batches = batchesOf(await this.#store.groupSizes(kind, this.#campaignId));
      this.#batches.set(kind.name, batches);
    }
    return this.#store.groupRows(kind, batches.get(group) ?? [group]);
  }
}

/** Runs of groups that have so many rows together, by each group of them. */
function batchesOf(sizes: readonly GroupSize[]): ReadonlyMap<number, readonly number[]> {
  const batches = new Map<number, readonly number[]>();
  let batch: number[] = [];
  let total = 0;
  for (const { group, rows } of sizes) {
    if (total > 0 && total + rows > batchRows) [batch, total] = [[], 0];
    batch.push(group);
    total += rows;
    batches.set(group, batch);
  }
  return batches;
}
