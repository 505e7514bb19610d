import { UnpairError } from '@unpair/errors';
import { TaskState, type CampaignRecord, type TaskFilter } from '@unpair/protocol';
import { invalidField } from '../api/invalid-field.js';
import type { ResultStore } from '../results/result-store.js';
import type { TaskState as State } from './task-states.js';

/** States of tasks by their names on the wire. */
export const taskStates: Partial<Record<TaskState, State>> = {
  [TaskState.PENDING]: 'pending',
  [TaskState.IN_FLIGHT]: 'inFlight',
  [TaskState.DONE]: 'done',
  [TaskState.FAILED]: 'failed',
  [TaskState.DEAD]: 'dead',
  [TaskState.CANCELLED]: 'cancelled',
};

const names = new Map(Object.entries(taskStates).map(([name, state]) => [state, name as TaskState]));

/** A state as it is named on the wire. */
export function stateName(state: State): TaskState {
  return names.get(state) ?? TaskState.UNSPECIFIED;
}

/** What is asked of the campaign that tasks are chosen from. */
interface Chosen {
  readonly id: string;
  readonly plan: { readonly size: number };
  stateOf(index: number): State;
}

/**
 * Whether a task is one of those that a filter means.
 * @throws UnpairError INVALID_ARGUMENT for positions that the plan does not have
 */
export async function meantBy(
  filter: TaskFilter | undefined,
  run: Chosen,
  store: Pick<ResultStore, 'tasksWithError'>,
): Promise<(index: number) => boolean> {
  const { indices = [], states = [], error = '' } = filter ?? {};
  const odd = indices.find((index) => !(Number.isInteger(index) && index >= 0 && index < run.plan.size));
  if (odd !== undefined) {
    const allowed = `task ${odd} is none of campaign ${run.id}, whose tasks are 0 to ${run.plan.size - 1}.`;
    throw invalidField('tasks.indices', allowed);
  }
  const chosen = new Set(indices);
  const wanted = new Set(states.map((state) => taskStates[state]));
  const faulty = error === '' ? undefined : await store.tasksWithError(run.id, error);
  return (index) =>
    (chosen.size === 0 || chosen.has(index)) &&
    (wanted.size === 0 || wanted.has(run.stateOf(index))) &&
    (faulty === undefined || faulty.has(index));
}

/** Tasks that a record may name one by one: it has to fit a message of the broker. */
const mostNamed = 100_000;

/** A record after something was decided about some of the tasks that failed. @throws UnpairError RESOURCE_EXHAUSTED */
export function withChoice(
  record: CampaignRecord,
  tasks: readonly number[],
  choice: { readonly retriedRound?: number; readonly droppedSequence?: number },
): CampaignRecord {
  const choices = [...record.choices, { retriedRound: 0, droppedSequence: 0, ...choice, tasks: [...tasks] }];
  const named = choices.reduce((sum, each) => sum + each.tasks.length, 0);
  if (named <= mostNamed) return { ...record, choices };
  const message = `Campaign ${record.id} can tell ${mostNamed} tasks apart, but was asked for ${named}: choose all that failed.`;
  throw new UnpairError('RESOURCE_EXHAUSTED', message);
}

/** What was decided of one task. */
interface Decided {
  readonly retriedRound: number;
  readonly droppedSequence: number;
}

/** What a record says of each task that failed: from which round on its failures count, and up to where they are dropped. */
export class TaskChoices {
  readonly #all: Decided;
  readonly #chosen = new Map<number, Decided>();

  constructor({ retriedRound, droppedSequence, choices }: CampaignRecord) {
    this.#all = { retriedRound, droppedSequence };
    for (const { tasks, ...choice } of choices)
      for (const index of tasks) this.#chosen.set(index, latest(this.of(index), choice));
  }

  of(index: number): Decided {
    return this.#chosen.get(index) ?? this.#all;
  }
}

function latest(a: Decided, b: Decided): Decided {
  return {
    retriedRound: Math.max(a.retriedRound, b.retriedRound),
    droppedSequence: Math.max(a.droppedSequence, b.droppedSequence),
  };
}
