import type { AttackRows, AttackTask } from '@unpair/protocol';
import { isPrepared, runAttack, type AttackDefinition } from '@unpair/attacks';
import type { Parameters } from '@unpair/parameters';
import { readFile } from 'node:fs/promises';
import type { TaskContext } from '../task-context.js';
import { present } from '../task-input.js';
import { definitionOf, withAttackOptions } from './attack-options.js';
import { fileOf } from './lending.js';

/** One shard of one cell: the attack on a run of samples. */
export function attack(task: AttackTask, context: TaskContext): Promise<AttackRows> {
  return withAttackOptions(task, context, async (options) => {
    const instructed = await instructedBy(task, options.parameters, context);
    const rows = await runAttack({ ...options, ...instructed });
    return { cell: task.cell, rows: [...rows] };
  });
}

/** The attack as it runs on a sample: of one that had something to make, with what was made. */
async function instructedBy(
  task: AttackTask,
  parameters: Parameters,
  context: TaskContext,
): Promise<{ readonly definition: AttackDefinition; readonly parameters: Parameters }> {
  const named = definitionOf(task.attack);
  if (!isPrepared(named)) return { definition: named, parameters };
  const { digest } = present(task.prepared, 'artefact that the attack takes');
  return named.preparation.use(await readFile(fileOf(digest, context).path), parameters);
}
