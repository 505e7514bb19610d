import type { KeyOf, RowKind, RowOf } from '@unpair/measurements';

/**
 * Where the rows of a campaign come from: a database, for instance. Rows may come in any order, each sample at most
 * once; where there are no results yet, there are no rows. One group is asked for at a time, so that a report over
 * millions of rows never holds them all.
 */
export interface ResultSource {
  rows<K extends RowKind>(kind: K, key: KeyOf<K>): Promise<readonly RowOf<K>[]>;
}
