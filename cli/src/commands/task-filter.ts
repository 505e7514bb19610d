import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { TaskFilter } from '@unpair/protocol';
import { TaskState } from '@unpair/protocol';

import { wholeNumber } from './whole-number.js';

const STATES = {
  pending: TaskState.PENDING,
  'in-flight': TaskState.IN_FLIGHT,
  done: TaskState.DONE,
  failed: TaskState.FAILED,
  dead: TaskState.DEAD,
  cancelled: TaskState.CANCELLED,
} as const;

type StateWord = keyof typeof STATES;

/** Every state of a task, in words. */
export const TASK_STATES = Object.keys(STATES) as readonly StateWord[];

/** What of a campaign's tasks a command is about: those that are all of what is said. */
export interface TaskFilterOptions {
  readonly task?: readonly number[];
  readonly state?: readonly StateWord[];
  readonly error?: string;
}

/** Adds the options that choose tasks: `--task` and `--state`, each as often as one likes, and `--error`. */
export function addTaskFilter(command: Command, states: readonly StateWord[]): Command {
  const state = (text: string): StateWord => {
    const known = states.find((one) => one === text);
    if (known !== undefined) return known;
    throw new InvalidArgumentError(`It must be one of ${states.join(', ')}.`);
  };
  return command
    .option(
      '--task <n>',
      'only this task, by its number in `tasks`; more than once for several',
      collected(position),
    )
    .option('--state <state>', `only tasks in this state: ${states.join(', ')}`, collected(state))
    .option('--error <text>', 'only tasks whose last error has this in it');
}

const position = wholeNumber(0, Number.MAX_SAFE_INTEGER);

/** A parser of an option that may be given more than once. */
function collected<T>(parse: (text: string) => T): (text: string, before?: readonly T[]) => readonly T[] {
  return (text, before = []) => [...before, parse(text)];
}

/** What the coordinator is asked for; undefined for all. */
export function filterOf({ task = [], state = [], error = '' }: TaskFilterOptions): TaskFilter | undefined {
  if (task.length === 0 && state.length === 0 && error === '') return undefined;
  return { indices: [...task], states: state.map((word) => STATES[word]), error };
}
