import type { AttackTask } from '@unpair/protocol';
import { knownAttacks, type AttackOptions, type KnownDefinition } from '@unpair/attacks';
import type { TaskContext } from '../task-context.js';
import {
  assertKnown,
  goalChoiceOf,
  normOf,
  offerOf,
  parseParameters,
  present,
  unknown,
} from '../task-input.js';
import { withAsked, withSurrogates, withTaskSamples } from './lending.js';

/** Lends `use` what a task attacks, and how; which attack it is, is left to say. */
export function withAttackOptions<T>(
  task: AttackTask,
  context: TaskContext,
  use: (options: Omit<AttackOptions, 'definition'>) => Promise<T>,
): Promise<T> {
  const target = present(task.target, 'target');
  const parameters = parseParameters(task.parameters);
  assertKnown(task.attack, parameters, definitionOf(task.attack).parameters);
  return withTaskSamples(task.samples, context, (samples) =>
    withAsked(target, { samples, context }, (victim) =>
      withSurrogates(task, { samples, context }, (surrogates) => {
        const { batchSize, meter, signal } = context;
        return use({
          parameters,
          threat: { norm: normOf(task.norm), epsilon: task.epsilon },
          goal: goalChoiceOf(task.reach),
          target: victim,
          offer: offerOf(target),
          surrogates,
          samples: samples.rows,
          seed: context.task.seed,
          cell: task.cell,
          batchSize,
          signal,
          onQueries: (count) => {
            meter.queried(count);
          },
        });
      }),
    ),
  );
}

/** @throws {UnpairError} UNIMPLEMENTED for an attack that this worker does not know. */
export function definitionOf(name: string): KnownDefinition {
  const definition = knownAttacks.get(name);
  if (definition !== undefined) return definition;
  throw unknown('Attack', name, knownAttacks.keys());
}
