import { UnpairError } from '@unpair/errors';
import { resultOf, type Task, type TaskResult } from '@unpair/protocol';
import { accuracy } from './tasks/accuracy.js';
import { alignment } from './tasks/alignment.js';
import { attack } from './tasks/attack.js';
import { derive } from './tasks/derive.js';
import { prepare } from './tasks/prepare.js';
import { masking } from './tasks/masking.js';
import { similarity } from './tasks/similarity.js';
import { Meter } from './meter.js';
import type { TaskEnvironment, TaskContext } from './task-context.js';

type Outcome = NonNullable<TaskResult['outcome']>;

/** What came of a task, and the model that it derived, if it did. */
export interface ExecutedTask {
  readonly result: TaskResult;
  readonly artefact?: Uint8Array;
}

/**
 * Executes a task. What comes out is a function of the task and its artefacts alone: not of the sharding, the batch
 * size, the worker or the attempt.
 * @throws errors with a canonical `code` where the task does not fit together
 */
export async function executeTask(task: Task, options: TaskEnvironment): Promise<ExecutedTask> {
  const meter = new Meter(options);
  // Also of what fails: its queries were computed, and are wasted.
  const { outcome, artefact } = await run({ ...options, task, meter }).finally(() => {
    meter.finish();
  });
  const result = resultOf(task, outcome);
  return { result, ...(artefact && { artefact }) };
}

interface Run {
  readonly outcome: Outcome;
  readonly artefact?: Uint8Array;
}

async function run(context: TaskContext): Promise<Run> {
  const { work } = context.task;
  switch (work?.$case) {
    case 'derive': {
      const { model, bytes } = await derive(work.value, context);
      return { outcome: { $case: 'derived', value: model }, artefact: bytes };
    }
    case 'prepare': {
      const { model, bytes } = await prepare(work.value, context);
      return { outcome: { $case: 'derived', value: model }, artefact: bytes };
    }
    case 'accuracy':
      return { outcome: { $case: 'accuracy', value: await accuracy(work.value, context) } };
    case 'similarity':
      return { outcome: { $case: 'similarity', value: await similarity(work.value, context) } };
    case 'alignment':
      return { outcome: { $case: 'alignment', value: await alignment(work.value, context) } };
    case 'masking':
      return { outcome: { $case: 'masking', value: await masking(work.value, context) } };
    case 'attack':
      return { outcome: { $case: 'attack', value: await attack(work.value, context) } };
    case undefined:
      throw new UnpairError('UNIMPLEMENTED', 'The task is of a kind that this worker does not know.');
  }
}
