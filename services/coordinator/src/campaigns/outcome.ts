import { queriesOf, type TaskResult } from '@unpair/protocol';

/** What the coordinator needs to know of an accepted result, apart from its rows. */
export interface TaskOutcome {
  readonly index: number;
  /** A failed or dead end is one of its round alone. */
  readonly round: number;
  /** Position in the results stream. */
  readonly sequence: number;
  readonly time: Date;
  readonly kind: 'done' | 'failed' | 'dead';
  readonly queries: number;
  /** That a worker took for it. */
  readonly seconds: number;
  /** Why the task failed for good; empty when it did not. */
  readonly failure: string;
  readonly derived: { readonly model: string; readonly digest: string } | undefined;
}

/** Reads the outcome off a result that came at `sequence` of the results stream. */
export function outcomeOf(result: TaskResult, sequence: number, time: Date): TaskOutcome {
  const failure = failureOf(result);
  const derived = result.outcome?.$case === 'derived' ? result.outcome.value : undefined;
  return {
    index: result.index,
    round: result.round,
    sequence,
    time,
    kind: kindOf(result, failure),
    queries: queriesOf(result),
    seconds: result.seconds,
    failure,
    derived: derived === undefined ? undefined : { model: derived.model, digest: derived.digest },
  };
}

/** A result without content is as good as none. */
function kindOf({ outcome }: TaskResult, failure: string): TaskOutcome['kind'] {
  if (failure === '') return 'done';
  return outcome?.$case === 'failure' ? 'failed' : 'dead';
}

function failureOf({ outcome }: TaskResult): string {
  if (outcome === undefined) return 'the worker sent a result without content';
  if (outcome.$case === 'failure') return outcome.value.message;
  if (outcome.$case !== 'deadLetter') return '';
  const { deliveries, publications, reason } = outcome.value;
  const counts = [
    ...(deliveries === 0 || publications > 1 ? [counted(publications, 'publication', 'publications')] : []),
    ...(deliveries > 0 ? [counted(deliveries, 'delivery', 'deliveries')] : []),
  ];
  return `given up after ${counts.join(' and, at last, ')}: ${reason}`;
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
