import { isPrepared } from '@unpair/attacks';
import { UnpairError } from '@unpair/errors';
import type { AttackTask, DerivedModel } from '@unpair/protocol';
import { createHash } from 'node:crypto';
import type { TaskContext } from '../task-context.js';
import { definitionOf, withAttackOptions } from './attack-options.js';

/** What the tasks of a cell take, and what is told of it. */
interface Preparation {
  readonly model: DerivedModel;
  readonly bytes: Uint8Array;
}

/** Makes what all tasks of a cell take: a function of the task, so that every attempt stores the same artefact. */
export function prepare(task: AttackTask, context: TaskContext): Promise<Preparation> {
  const definition = definitionOf(task.attack);
  if (!isPrepared(definition))
    throw new UnpairError('INVALID_ARGUMENT', `Attack "${task.attack}" has nothing to make.`);
  return withAttackOptions(task, context, async (options) => {
    const { bytes, queries } = await definition.preparation.make(options);
    const digest = createHash('sha256').update(bytes).digest('hex');
    const size = { bytes: bytes.length, parameters: 0, nonZero: 0, macs: undefined };
    return { model: { model: task.cell, digest, ...size, queries, curve: [] }, bytes };
  });
}
