import type { TaskResult } from './gen/unpair/v1/task.js';

/** Target evaluations that a result bills: what was spent for good, or wasted when the result is refused. */
export function queriesOf({ outcome }: TaskResult): number {
  if (outcome?.$case === 'derived') return outcome.value.queries;
  if (outcome?.$case !== 'attack') return 0;
  return outcome.value.rows.reduce((sum, row) => sum + row.queries, 0);
}
