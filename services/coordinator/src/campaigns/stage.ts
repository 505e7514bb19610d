import type { PlannedTask } from '@unpair/campaign';
import { Stage } from '@unpair/protocol';

/** The stages of a plan as clients are told of them. */
const stages = { derive: Stage.DERIVE, measure: Stage.MEASURE, attack: Stage.ATTACK } as const;

/** That of a task; unspecified without one. */
export function stageOf(task: PlannedTask | undefined): Stage {
  return task === undefined ? Stage.UNSPECIFIED : stages[task.stage];
}
