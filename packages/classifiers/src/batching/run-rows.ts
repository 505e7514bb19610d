import type { Executable, Tensor, Tensors } from '@unpair/graph';
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
 * gets zeros in the rows that are left.
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
  const batch = executable.inputs[0]?.shape[0];
  const parts: FittingRun<Rows>[] = [];
  for (let first = 0; first < count; first += parts.at(-1)?.rows ?? count) {
    const run = (rows: number): Promise<Rows> => runOnce(executable, rowsOf(feeds, first, rows));
    parts.push(
      typeof batch === 'number'
        ? { rows: batch, value: await run(batch) }
        : await runFitting(count - first, sizing, run),
    );
  }
  const [only] = parts;
  if (parts.length === 1 && only?.rows === count) return only.value;
  return Object.fromEntries(executable.outputs.map(({ name }) => [name, joined(name, parts, count)]));
}

async function runOnce(executable: Executable, feeds: Tensors): Promise<Rows> {
  const results = Object.entries(await executable.run(feeds));
  return Object.fromEntries(
    results.map(([name, { dataType, data }]) => {
      if (dataType !== 'float32') throw new ModelError(`output "${name}" is ${dataType} instead of float32`);
      return [name, data];
    }),
  );
}

/** `length` rows from `first` on, zeros where there are no more; views where nothing is missing. */
function rowsOf(feeds: RowFeeds, first: number, length: number): RowFeeds {
  const part = Object.entries(feeds).map(([name, { shape, data }]) => {
    const [count = 1, ...row] = shape;
    const size = data.length / count;
    const present = data.subarray(first * size, (first + length) * size);
    return [name, float32([length, ...row], filled(present, length * size))] as const;
  });
  return Object.fromEntries(part);
}

function filled(values: Float32Array, length: number): Float32Array {
  if (values.length === length) return values;
  const rows = new Float32Array(length);
  rows.set(values);
  return rows;
}

function joined(name: string, parts: readonly FittingRun<Rows>[], count: number): Float32Array {
  const [head] = parts;
  const size = (head?.value[name]?.length ?? 0) / (head?.rows ?? 1);
  const all = new Float32Array(count * size);
  let first = 0;
  for (const { rows, value } of parts) {
    const piece = value[name] ?? new Float32Array();
    all.set(piece.subarray(0, (count - first) * size), first * size);
    first += rows;
  }
  return all;
}
