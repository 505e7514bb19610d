import type { AttackRow } from '@unpair/robustness';

/** A row of a successful attack, with what a test cares about replaced. */
export function attackRow(sample: number, change: Partial<AttackRow>): AttackRow {
  return {
    sample,
    label: 0,
    cleanCorrect: true,
    surrogateCorrect: true,
    success: true,
    successRounded: true,
    queries: 1,
    surrogateQueries: 0,
    linf: 0.03,
    l2: 1,
    ...change,
  };
}
