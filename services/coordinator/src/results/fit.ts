import { madeBy, rowKind, type PlannedTask, type Range, type Surrogate } from '@unpair/campaign';
import { columnsOf, type AnyRow, type RowKind } from '@unpair/measurements';
import type { TaskResult } from '@unpair/protocol';

type Outcome = Exclude<TaskResult['outcome'], undefined>;

/**
 * What is wrong with the content of a result for a task of the plan, as the end of a sentence on the result; undefined
 * where it is what the task asks for. Rows that pass have each sample of the task once, so that no report can stumble
 * over them.
 */
export function misfitOf(task: PlannedTask, outcome: Outcome): string | undefined {
  if (outcome.$case === 'failure' || outcome.$case === 'deadLetter') return undefined;
  if (outcome.$case === 'derived') {
    const made = madeBy(task);
    if (made === undefined) return `is a model for a task that asks for rows of "${task.kind}"`;
    const { model, ...numbers } = outcome.value;
    if (model !== made) return `is of model ${name(model)}, not "${made}"`;
    return negativeOf(numbers, ['bytes', 'parameters', 'nonZero', 'queries']);
  }
  if (task.kind === 'derive' || task.kind === 'prepare' || task.kind !== outcome.$case)
    return `has rows of "${outcome.$case}" for a task of "${task.kind}"`;
  const kind = rowKind(task.kind);
  const value: Readonly<Record<string, unknown>> = { ...outcome.value };
  const key = keyOf(task, kind);
  const other = Object.keys(key).find((part) => value[part] !== key[part]);
  if (other !== undefined) return `is of ${other} ${name(value[other])}, not "${key[other] ?? ''}"`;
  const rows = outcome.value.rows as readonly unknown[] as readonly AnyRow[];
  return samplesMisfit(rows, task.samples, mayLeaveOut(task)) ?? valueMisfit(rows, kind);
}

/** The names of the group that a task's rows belong to. */
function keyOf(
  task: Exclude<PlannedTask, { readonly kind: 'derive' | 'prepare' }>,
  kind: RowKind,
): Readonly<Record<string, string>> {
  if (task.kind === 'attack') return { cell: task.cell.id };
  const values: Readonly<Record<string, unknown>> = { ...task };
  const parts = Object.keys(kind.key).map((part) => {
    const value = values[part] as string | Surrogate;
    return [part, typeof value === 'string' ? value : value.name] as const;
  });
  return Object.fromEntries(parts);
}

/** Minibatches are named by their first sample alone; a sample of the class to reach is not attacked. */
function mayLeaveOut(task: PlannedTask): boolean {
  return task.kind === 'alignment' || (task.kind === 'attack' && task.cell.goal !== 'avoid');
}

function samplesMisfit(
  rows: readonly AnyRow[],
  { first, count }: Range,
  mayMiss: boolean,
): string | undefined {
  if (rows.length > count || (!mayMiss && rows.length < count))
    return `has ${rows.length} rows for ${count} samples`;
  const seen = new Uint8Array(count);
  for (const { sample } of rows) {
    const at = sample - first;
    if (!(at >= 0 && at < count)) return `has sample ${sample}, not of ${first} to ${first + count - 1}`;
    if (seen[at] === 1) return `has two rows for sample ${sample}`;
    seen[at] = 1;
  }
  return undefined;
}

/** Classes and counts are never negative. */
function valueMisfit(rows: readonly AnyRow[], kind: RowKind): string | undefined {
  const integers = columnsOf(kind).flatMap(({ type, field }) => (type.startsWith('int') ? [field] : []));
  if (integers.length === 0) return undefined;
  for (const row of rows) {
    const problem = negativeOf(row, integers);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function negativeOf(
  values: Readonly<Record<string, unknown>>,
  fields: readonly string[],
): string | undefined {
  const field = fields.find((each) => Number(values[each]) < 0);
  return field === undefined ? undefined : `has ${field} ${String(values[field])}`;
}

/** A name that someone sent, as far as a sentence can hold it. */
function name(sent: unknown): string {
  return JSON.stringify(String(sent).slice(0, 80));
}
