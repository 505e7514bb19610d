import type { AttackRow } from '@unpair/attacks';
import type { Cell } from '../plan.js';

/** How one attacked sample ended. */
export interface Outcome {
  readonly sample: number;
  readonly success: boolean;
  /** Queries until success; the budget for a failure. */
  readonly cost: number;
}

/** The samples of a cell that the target classifies correctly, in sample order. */
export function outcomesOf(cell: Cell, rows: readonly AttackRow[]): readonly Outcome[] {
  const { budget } = cell;
  return rows
    .filter((row) => row.cleanCorrect)
    .map(({ sample, success, queries }) => ({ sample, success, cost: success ? queries : budget }))
    .sort((a, b) => a.sample - b.sample);
}
