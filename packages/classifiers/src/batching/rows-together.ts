import type { Code } from '@unpair/errors';
import { UnpairError } from '@unpair/errors';
import type { Executable, Graph, Runtime, Tensor } from '@unpair/graph';
import { float32, probeRows, rowMixing, sizeOf } from '@unpair/graph';
import type { ImageShape } from '../classifier-graph.js';
import type { RowFeeds, Rows } from './run-rows.js';
import { runRows } from './run-rows.js';
import { RowLimit } from './run-size.js';

/** Elements that all rows together may have that are made up to see whether they depend on each other. */
const TRIED_ELEMENTS = 2 ** 14;
/** Differences up to this share of the largest number are a matter of the order in which float32 numbers are added. */
const ROUNDING = 1e-3;

/** Two to eight images that are made up, and always the same, as [rows, C, H, W]. */
export function triedImages(shape: ImageShape): Tensor<'float32'> {
  const size = sizeOf(shape);
  const rows = Math.min(8, Math.max(2, Math.floor(TRIED_ELEMENTS / size)));
  return float32([rows, ...shape], probeRows(rows, size));
}

/**
 * Why the rows of a graph have to run one at a time: what it gives for one depends on its company. An operator shows it,
 * or the rows of `feeds` do, which run together and each by itself. On CPUs the two have to be equal bit for bit; other
 * devices choose other kernels for other shapes, and may round otherwise. Undefined where nothing of the kind is seen.
 */
export async function whyApart(
  graph: Graph,
  executable: Executable,
  { device }: Pick<Runtime, 'device'>,
  feeds: RowFeeds,
): Promise<string | undefined> {
  if (executable.inputs[0]?.shape[0] === 1) return undefined;
  const mixing = rowMixing(graph);
  if (mixing !== undefined) return mixing;
  const rows = Object.values(feeds)[0]?.shape[0] ?? 0;
  const run = (apart: boolean): Promise<Rows | undefined> =>
    runRows(executable, feeds, rows, { size: new RowLimit(), apart }).catch(nothing);
  const alone = await run(true);
  // A graph that runs neither way fails when it is used, with the inputs that it is used with.
  if (alone === undefined) return undefined;
  const together = await run(false);
  if (together === undefined) return 'it fails with more than one image';
  const distance = distanceBetween(alone, together);
  if (distance > ROUNDING) return 'what it gives for an image depends on the others of its batch';
  if (distance === 0 || device !== 'cpu') return undefined;
  return 'the last bits of what it gives for an image depend on the others of its batch';
}

/** Codes of runs that fail. */
const RUN_FAILURES: ReadonlySet<Code> = new Set(['FAILED_PRECONDITION', 'RESOURCE_EXHAUSTED']);

function nothing(error: unknown): undefined {
  const isOfRun = error instanceof UnpairError && RUN_FAILURES.has(error.code);
  if (isOfRun) return undefined;
  throw error;
}

/** The largest difference, as a share of the largest number of its output; infinite where one of the two is NaN. */
function distanceBetween(alone: Rows, together: Rows): number {
  let distance = 0;
  for (const [name, values] of Object.entries(alone)) {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    values.forEach((value, i) => {
      const other = together[name]?.[i] ?? NaN;
      if (Object.is(value, other) || value === other) return;
      const share = Math.abs(value - other) / largest;
      distance = Math.max(distance, Number.isNaN(share) ? Infinity : share);
    });
  }
  return distance;
}
