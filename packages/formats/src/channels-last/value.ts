import type { Dim } from '@unpair/graph';

/**
 * How the graph holds a value: as the file writes it, or, for images [N,H,W,C], as [N,C,H,W], which is what ONNX
 * convolutions take.
 */
export type Order = 'written' | 'channels-first';

/** A float32 value of the file, and where the graph has it. */
export interface Value {
  /** Name in the graph. */
  readonly name: string;
  /** Shape in the file's order of axes. */
  readonly shape: readonly Dim[];
  readonly order: Order;
}

/** Axes of [N,H,W,C] in the order in which [N,C,H,W] has them. */
export const CHANNELS_FIRST: readonly number[] = [0, 3, 1, 2];
/** Axes of [N,C,H,W] in the order in which [N,H,W,C] has them. */
export const CHANNELS_LAST: readonly number[] = [0, 2, 3, 1];

/** Where the graph has an axis of the file. */
export function heldAxis({ order }: Pick<Value, 'order'>, axis: number): number {
  return order === 'written' ? axis : (CHANNELS_LAST[axis] ?? axis);
}

/** What the file writes axis by axis, in the order in which the graph holds the value. */
export function inHeldOrder<T>({ order }: Pick<Value, 'order'>, perAxis: readonly T[]): readonly T[] {
  if (order === 'written') return perAxis;
  return CHANNELS_FIRST.flatMap((axis) => perAxis.slice(axis, axis + 1));
}
