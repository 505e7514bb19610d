import type { TaskResult } from './gen/unpair/v1/task.js';

/** Target evaluations that a result bills: what was spent for good, or wasted when the result is refused. */
export function queriesOf({ outcome }: TaskResult): number {
  if (outcome?.$case === 'derived') return outcome.value.queries;
  if (outcome?.$case !== 'attack') return 0;
  return outcome.value.rows.reduce((sum, row) => sum + row.queries, 0);
}

/** Which attempt at a task a result is of. */
type Attempt = Pick<TaskResult, 'campaignId' | 'index' | 'round' | 'generation'>;

/** The result of an attempt, as long as nobody has said on what and for how long it was computed: as failures and dead letters stay. */
export function resultOf(
  { campaignId, index, round, generation }: Attempt,
  outcome: TaskResult['outcome'],
  worker = '',
): TaskResult {
  return { campaignId, index, round, generation, worker, runtime: '', seconds: 0, outcome };
}

/** How a task ends that can never succeed. */
export function permanentFailure(code: string, message: string): TaskResult['outcome'] {
  return { $case: 'failure', value: { code, message, training: undefined } };
}
