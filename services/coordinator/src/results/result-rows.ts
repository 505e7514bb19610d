import { rowKind } from '@unpair/campaign';
import type { AnyRow, ListedKind } from '@unpair/measurements';
import type { DerivedModel, TaskResult, WastedAttempt } from '@unpair/protocol';
import type { TaskOutcome } from '../campaigns/outcome.js';
import { writeCurve } from './curves.js';
import type { Groups } from './groups.js';
import type { RowWriter } from './row-writer.js';

type Outcome = Exclude<TaskResult['outcome'], undefined>;

/** A message of rows of some kind; their fields are the kind's. */
type MeasuredOutcome = Extract<Outcome, { readonly $case: ListedKind['name'] }>;

type Size = 'bytes' | 'parameters' | 'nonZero' | 'macs';

/** Where rows go, and the groups that they are of. */
export interface Sink {
  readonly writer: RowWriter;
  readonly groups: Groups;
}

/** Adds what a result brings to the tables: one row for the task, and its per-sample rows. */
export function writeResult({ writer, groups }: Sink, result: TaskResult, outcome: TaskOutcome): void {
  const { campaignId, index, round, worker, runtime, seconds } = result;
  const { sequence, time, kind, queries, failure } = outcome;
  const task = BigInt(index);
  const when = BigInt(time.getTime());
  const place = [campaignId, task, BigInt(round), BigInt(sequence), when] as const;
  writer.add('tasks', ...place, kind, BigInt(queries), failure, worker, runtime, seconds);
  if (result.outcome !== undefined)
    writeContent({ writer, groups }, { campaign: campaignId, task, sequence }, result.outcome);
}

/** Adds the queries of an attempt that came too late. */
export function writeWasted(writer: RowWriter, { campaignId, index, queries, error }: WastedAttempt): void {
  writer.add('wasted', campaignId, BigInt(index), BigInt(queries), error);
}

/** The result that rows come with. */
interface Origin {
  readonly campaign: string;
  readonly task: bigint;
  readonly sequence: number;
}

function writeContent(sink: Sink, origin: Origin, outcome: Outcome): void {
  const { writer } = sink;
  const { campaign, task } = origin;
  switch (outcome.$case) {
    case 'derived': {
      const { model, digest } = outcome.value;
      const queries = BigInt(outcome.value.queries);
      writer.add('models', campaign, task, model, digest, ...sizes(outcome.value), queries);
      writeCurve(writer, origin, outcome.value);
      return;
    }
    case 'failure': {
      const { training } = outcome.value;
      if (training !== undefined) writeCurve(writer, origin, training);
      return;
    }
    case 'deadLetter':
      return;
    default:
      writeRows(sink, origin, outcome);
  }
}

function writeRows(
  { writer, groups }: Sink,
  { campaign, task }: Origin,
  { $case, value }: MeasuredOutcome,
): void {
  if ($case === 'accuracy') writer.add('models', campaign, task, value.model, null, ...sizes(value), null);
  const kind = rowKind($case);
  const names: Readonly<Record<string, unknown>> = { ...value };
  const key = Object.keys(kind.key).map((part) => String(names[part]));
  const rows: readonly unknown[] = value.rows;
  writer.addRows(kind, groups.enter(kind, campaign, key, writer), rows as readonly AnyRow[]);
}

function sizes({ bytes, parameters, nonZero, macs }: Pick<DerivedModel, Size>): readonly (bigint | null)[] {
  return [BigInt(bytes), BigInt(parameters), BigInt(nonZero), macs === undefined ? null : BigInt(macs)];
}
