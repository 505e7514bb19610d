import type { AttackRows, AttackTask } from '@unpair/protocol';
import { attacks, runAttack, type AttackDefinition } from '@unpair/attacks';
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

/** One shard of one cell: the attack on a run of samples. */
export function attack(task: AttackTask, context: TaskContext): Promise<AttackRows> {
  const target = present(task.target, 'target');
  const definition = definitionOf(task.attack);
  const parameters = parseParameters(task.parameters);
  assertKnown(task.attack, parameters, definition.parameters);
  return withTaskSamples(task.samples, context, (samples) =>
    withAsked(target, { samples, context }, (victim) =>
      withSurrogates(task, { samples, context }, async (surrogates) => {
        const { batchSize, meter, signal } = context;
        const rows = await runAttack({
          definition,
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
        return { cell: task.cell, rows: [...rows] };
      }),
    ),
  );
}

function definitionOf(name: string): AttackDefinition {
  const definition = attacks.get(name);
  if (definition !== undefined) return definition;
  throw unknown('Attack', name, attacks.keys());
}
