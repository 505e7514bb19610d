/** When a task that failed for a passing reason comes back, and when it has come back too often. */
export interface RetryPolicy {
  /** Milliseconds until the next delivery, after the first, the second, …; the last one holds for all further. */
  readonly delays: readonly number[];
  /** Deliveries at which a task is executed: after the last it is given up. */
  readonly attempts: number;
}

/** Milliseconds to wait after the failure of delivery number `delivery` (from 1). */
export function delayAfter({ delays }: RetryPolicy, delivery: number): number {
  return delays[Math.min(delivery, delays.length) - 1] ?? 0;
}

/** Milliseconds after which a task that this worker does not understand may be met by another one. */
export function strangeDelay(policy: RetryPolicy): number {
  return delayAfter(policy, 2);
}
