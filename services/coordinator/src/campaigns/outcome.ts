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

/** Where a result came in the results stream, and why the last attempt before it failed, as far as one told. */
export interface Arrival {
  readonly sequence: number;
  readonly time: Date;
  readonly lastError?: string;
}

/** Reads the outcome off a result. */
export function outcomeOf(result: TaskResult, { sequence, time, lastError = '' }: Arrival): TaskOutcome {
  const failure = withLastError(result, failureOf(result), lastError);
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

/** A dead letter says why its own attempt failed; where that is none, the one before it may have told. */
function withLastError({ outcome }: TaskResult, failure: string, lastError: string): string {
  if (outcome?.$case !== 'deadLetter' || lastError === '' || failure.includes(lastError)) return failure;
  return `${failure}; the last attempt that told of itself failed with: ${lastError}`;
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
