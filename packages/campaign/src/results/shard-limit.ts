import type { ColumnType, RowKind } from '@unpair/measurements';
import { columnsOf, ROW_KINDS } from '@unpair/measurements';

/** Bytes of a message that brokers take at most, and of those what a result has beside its rows, at most. */
const MESSAGE = 2 ** 20;
const BESIDE = 2 ** 16;

/** Bytes that a value takes on the wire at most, with the tag before it. Texts of rows are words. */
const SIZES: Readonly<Record<ColumnType, number>> = { int32: 11, int64: 11, double: 9, boolean: 2, text: 66 };
/** Tag and length before each row. */
const ROW = 3;

/** Samples of one task at most: the rows of as many, of whatever kind, fit one message. */
export const MAX_SHARD_SIZE = Math.floor((MESSAGE - BESIDE) / Math.max(...ROW_KINDS.map(rowSize)));

function rowSize(kind: RowKind): number {
  return columnsOf(kind).reduce((sum, { type }) => sum + SIZES[type], ROW + SIZES.int64);
}
