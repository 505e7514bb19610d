import type { Executable, Tensor } from '@unpair/graph';
import { ModelError, float32 } from '@unpair/graph';

/** Values [count, ...] by name. */
export type RowFeeds = Readonly<Record<string, Tensor<'float32'>>>;

/** Flat values [count, ...] by name. */
export type Rows = Readonly<Record<string, Float32Array>>;

/**
 * Runs a graph on `count` rows, where rows go along the first dimension of every input and output. A graph that takes
 * batches of one size only is run as often as needed, the last time with zeros in the rows that are left.
 *
 * @throws {ModelError} when an output is not float32
 * @throws {RuntimeError} when the feeds do not fit, or the graph is closed
 */
export async function runRows(executable: Executable, feeds: RowFeeds, count: number): Promise<Rows> {
  const batch = executable.inputs[0]?.shape[0];
  if (typeof batch !== 'number' || batch === count) return runOnce(executable, feeds);
  const parts: Rows[] = [];
  for (let first = 0; first < count; first += batch) {
    const part = Object.entries(feeds).map(([name, rows]) => [name, filledBatch(rows, first, batch)]);
    parts.push(await runOnce(executable, Object.fromEntries(part) as RowFeeds));
  }
  return Object.fromEntries(executable.outputs.map(({ name }) => [name, joined(name, parts, batch, count)]));
}

async function runOnce(executable: Executable, feeds: RowFeeds): Promise<Rows> {
  const results = Object.entries(await executable.run(feeds));
  return Object.fromEntries(
    results.map(([name, { dataType, data }]) => {
      if (dataType !== 'float32') throw new ModelError(`output "${name}" is ${dataType} instead of float32`);
      return [name, data];
    }),
  );
}

/** `batch` rows from `first` on, zeros where there are no more. */
function filledBatch({ shape, data }: Tensor<'float32'>, first: number, batch: number): Tensor<'float32'> {
  const [count = 1, ...row] = shape;
  const size = data.length / count;
  const rows = new Float32Array(batch * size);
  rows.set(data.subarray(first * size, (first + batch) * size));
  return float32([batch, ...row], rows);
}

function joined(name: string, parts: readonly Rows[], batch: number, count: number): Float32Array {
  const pieces = parts.map((part) => part[name] ?? new Float32Array());
  const size = (pieces[0]?.length ?? 0) / batch;
  const rows = new Float32Array(count * size);
  pieces.forEach((piece, index) => {
    const first = index * batch;
    rows.set(piece.subarray(0, (count - first) * size), first * size);
  });
  return rows;
}
