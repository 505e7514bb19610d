import { createHash } from 'node:crypto';
import { compareText } from '../canonical-json.js';
import type { AnyRow } from '@unpair/measurements';
import { columnsOf, groupKey } from '@unpair/measurements';
import type { RowGroup } from './rows.js';
import { rowKind } from './rows.js';

/**
 * SHA-256 over all rows of a campaign, the same for any sharding, any number of workers and any order of arrival:
 * each group of rows, in sample order, has a digest of its own, and the whole is the digest of the groups' keys and
 * digests in the order of their keys. This class takes in one whole group after the other and forgets the rows.
 */
export class ResultsDigest {
  readonly #groups = new Map<string, string>();

  /**
   * Takes in a whole group, its rows in any order; a group without rows counts as absent.
   * @throws {RangeError} when a group comes twice, or has two rows for one sample.
   */
  add(group: RowGroup): void {
    const key = groupKey(rowKind(group.kind), group);
    if (this.#groups.has(key)) throw new RangeError(`the rows of "${key}" were added twice`);
    if (group.rows.length > 0) this.#groups.set(key, digestOfGroup(key, encodeRows(group)));
  }

  /** 64 lower-case hexadecimal digits. */
  hex(): string {
    return digestOfGroups(this.#groups);
  }
}

/**
 * The same digest over rows that come in parts of groups, of any size and in any order; all are held in memory.
 * @throws {RangeError} when a group has two rows for one sample.
 */
export function resultsDigest(shards: Iterable<RowGroup>): string {
  const groups = new Map<string, EncodedRow[]>();
  for (const shard of shards) {
    const key = groupKey(rowKind(shard.kind), shard);
    groups.set(key, [...(groups.get(key) ?? []), ...encodeRows(shard)]);
  }
  const digests = [...groups]
    .filter(([, rows]) => rows.length > 0)
    .map(([key, rows]) => [key, digestOfGroup(key, rows)] as const);
  return digestOfGroups(digests);
}

/** A row as one line of text: sample, then its columns in the order of its kind. */
interface EncodedRow {
  readonly sample: number;
  readonly line: string;
}

/** Numbers in the shortest decimal form that reads back as the same double; truth as 1 and 0; text in quotes. */
function encodeRows({ kind, rows }: RowGroup): readonly EncodedRow[] {
  const fields = columnsOf(rowKind(kind)).flatMap(({ field, digested = true }) => (digested ? [field] : []));
  return rows.map((row: AnyRow) => {
    let line = `${row.sample}`;
    for (const field of fields) line += ` ${encode(row[field])}`;
    return { sample: row.sample, line: `${line}\n` };
  });
}

function encode(value: AnyRow[string] | undefined): number | string {
  return typeof value === 'string' ? JSON.stringify(value) : Number(value);
}

function digestOfGroup(key: string, rows: readonly EncodedRow[]): string {
  let text = '';
  let last: number | undefined;
  for (const { sample, line } of rows.toSorted((a, b) => a.sample - b.sample)) {
    if (sample === last) throw new RangeError(`sample ${sample} has two rows in "${key}"`);
    text += line;
    last = sample;
  }
  return createHash('sha256').update(text).digest('hex');
}

function digestOfGroups(groups: Iterable<readonly [key: string, digest: string]>): string {
  const hash = createHash('sha256');
  for (const [key, digest] of [...groups].sort(([a], [b]) => compareText(a, b)))
    hash.update(`${key} ${digest}\n`);
  return hash.digest('hex');
}
