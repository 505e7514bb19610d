import type { Executable, Tensor } from '@unpair/graph';
import { ModelError, float32 } from '@unpair/graph';
import type { FittingRun, RunSizing } from './run-size.js';
import { runFitting } from './run-size.js';

/** Values [count, ...] by name. */
export type RowFeeds = Readonly<Record<string, Tensor<'float32'>>>;

/** Flat values [count, ...] by name. */
export type Rows = Readonly<Record<string, Float32Array>>;

/**
 * Runs a graph on `count` rows, where rows go along the first dimension of every input and output, in as many runs as
 * `sizing` makes of it. A run that does not fit in memory is repeated smaller. A graph that takes batches of one size only
 * gets copies of a row in the places that are left.
 *
 * @throws {ModelError} when an output is not float32
 * @throws {UnpairError} RESOURCE_EXHAUSTED when not even one row, or the graph's only batch, fits in memory
 * @throws {UnpairError} when the feeds do not fit, or the graph is closed
 */
export async function runRows(
  executable: Executable,
  feeds: RowFeeds,
  count: number,
  sizing: RunSizing,
): Promise<Rows> {
  const parts: FittingRun<Rows>[] = [];
  for (let first = 0; first < count; first += parts.at(-1)?.rows ?? count) {
    parts.push(await nextRun(executable, feeds, { first, left: count - first }, sizing));
  }
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only.value;
  return Object.fromEntries(executable.outputs.map(({ name }) => [name, joined(name, parts, count)]));
}

async function nextRun(
  executable: Executable,
  feeds: RowFeeds,
  { first, left }: { readonly first: number; readonly left: number },
  sizing: RunSizing,
): Promise<FittingRun<Rows>> {
  const batch = executable.inputs[0]?.shape[0];
  if (typeof batch !== 'number') {
    return runFitting(left, sizing, (rows) => runOnce(executable, rowsOf(feeds, first, rows), 1));
  }
  const rows = sizing.apart === true ? 1 : Math.min(batch, left);
  const value = await runOnce(executable, rowsOf(feeds, first, rows, batch), rows / batch);
  return { rows, value };
}

/** What a run gives for the first `share` of its rows. */
async function runOnce(executable: Executable, feeds: RowFeeds, share: number): Promise<Rows> {
  const results = Object.entries(await executable.run(feeds));
  return Object.fromEntries(
    results.map(([name, { dataType, data }]) => {
      if (dataType !== 'float32') throw new ModelError(`output "${name}" is ${dataType} instead of float32`);
      return [name, share === 1 ? data : data.subarray(0, Math.round(data.length * share))];
    }),
  );
}

/** `rows` rows from `first` on, and copies of the first of them up to `length`; views where there is nothing to copy. */
function rowsOf(feeds: RowFeeds, first: number, rows: number, length = rows): RowFeeds {
  const part = Object.entries(feeds).map(([name, { shape, data }]) => {
    const [count = 1, ...row] = shape;
    const size = data.length / count;
    const present = data.subarray(first * size, (first + rows) * size);
    return [name, float32([length, ...row], filled(present, size, length))] as const;
  });
  return Object.fromEntries(part);
}

function filled(values: Float32Array, size: number, length: number): Float32Array {
  if (values.length === length * size) return values;
  const rows = new Float32Array(length * size);
  rows.set(values);
  for (let at = values.length; at < rows.length; at += size) rows.copyWithin(at, 0, size);
  return rows;
}

function joined(name: string, parts: readonly FittingRun<Rows>[], count: number): Float32Array {
  const [head] = parts;
  const size = (head?.value[name]?.length ?? 0) / (head?.rows ?? 1);
  const all = new Float32Array(count * size);
  let first = 0;
  for (const { rows, value } of parts) {
    all.set(value[name] ?? new Float32Array(), first * size);
    first += rows;
  }
  return all;
}
