/** When a task that failed for a passing reason comes back, and when it has come back too often. */
export interface RetryPolicy {
  /** Milliseconds until the next delivery, after the first, the second, …; the last one holds for all further. */
  readonly delays: readonly number[];
  /** At this delivery the task is written off without being executed once more. */
  readonly deadLetterDelivery: number;
}

/** Milliseconds to wait after the failure of delivery number `delivery` (from 1). */
export function delayAfter({ delays }: RetryPolicy, delivery: number): number {
  return delays[Math.min(delivery, delays.length) - 1] ?? 0;
}
