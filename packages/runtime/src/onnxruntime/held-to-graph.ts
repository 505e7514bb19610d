import type { Graph, Tensor, Tensors } from '@unpair/graph';
import { float32, probeRows, sizeOf } from '@unpair/graph';
import type { LoadedGraph } from '../graph-executable.js';
import { isLackOfMemory } from '../run-failure.js';

/**
 * How far results may be from the graph's own, as a share of how much they vary. An integer kernel rounds sums next to a
 * tie the other way: of 100 quantized models that were measured, this adds up to .07 in a MobileNetV2 and to less in all
 * others. A kernel that wraps round comes to 1 and more.
 */
const TOLERANCE = 0.25;
/** Rows that a graph with an open batch is tried on. */
const ROWS = 2;

/** Two ways to load one graph. */
export interface Loadings {
  /** As fast as the runtime can. */
  readonly fused: () => Promise<LoadedGraph>;
  /** Operator by operator, as the graph is written. */
  readonly plain: () => Promise<LoadedGraph>;
}

/** The loading that was chosen; where it is the plain one, why, as a phrase. */
export interface HeldToGraph {
  readonly loaded: LoadedGraph;
  readonly remark?: string;
}

/**
 * Loads a graph so that it computes what is written in it: fused, if that gives about the same as the plain loading on
 * rows that are always the same ones, and plain otherwise. The choice depends on the graph and the processor alone.
 * @throws what `fused` throws, where the graph cannot be loaded either way; what says that memory is short
 */
export async function heldToGraph(graph: Graph, { fused, plain }: Loadings): Promise<HeldToGraph> {
  const fast = await fused().catch(async (error: unknown) => {
    const loaded = isLackOfMemory(error) ? undefined : await plain().catch(() => undefined);
    if (loaded === undefined) throw error;
    return { loaded, remark: 'without fused kernels, with which it does not load' };
  });
  if ('loaded' in fast) return fast;
  const feeds = probeFeeds(graph);
  if (feeds === undefined) return { loaded: fast };
  let exact: LoadedGraph | undefined;
  try {
    exact = await plain().catch(nothing);
    const distance = exact === undefined ? 0 : await distanceBetween(fast, exact, feeds);
    const [loaded, other] = exact === undefined || distance <= TOLERANCE ? [fast, exact] : [exact, fast];
    await other?.release();
    if (loaded === fast) return { loaded };
    return { loaded, remark: `without fused kernels, whose results are off by ${percent(distance)}` };
  } catch (error) {
    await Promise.all([fast.release(), exact?.release()]);
    throw error;
  }
}

/** What a failure comes to, unless it is one that says nothing of the graph. */
function nothing(error: unknown): undefined {
  if (isLackOfMemory(error)) throw error;
  return undefined;
}

const percent = (share: number): string =>
  Number.isFinite(share) ? `${Math.round(100 * share)} % of their spread` : 'more than can be said';

/** Made-up rows for every input; undefined where one does not hold rows of floats, such as weights, or of open size. */
function probeFeeds({ inputs }: Graph): Tensors | undefined {
  const batch = inputs[0]?.shape[0];
  const feeds: Record<string, Tensor> = {};
  for (const { name, dataType, shape } of inputs) {
    const [first, ...row] = shape;
    const sizes = row.filter((dim) => typeof dim === 'number');
    if (dataType !== 'float32' || first !== batch || sizes.length < row.length) return undefined;
    const rows = typeof first === 'number' ? first : ROWS;
    feeds[name] = float32([rows, ...sizes], probeRows(rows, sizeOf(sizes)));
  }
  return feeds;
}

/** The largest distance of an output; 0 where the plain loading does not run, so that nothing can be said. */
async function distanceBetween(fast: LoadedGraph, exact: LoadedGraph, feeds: Tensors): Promise<number> {
  const expected = await exact.run(feeds).catch(nothing);
  if (expected === undefined) return 0;
  const actual = await fast.run(feeds).catch(nothing);
  if (actual === undefined) return Infinity;
  return Math.max(
    ...Object.entries(expected).map(([name, { data }]) =>
      relativeDistance(Array.from(actual[name]?.data ?? [], Number), Array.from(data, Number)),
    ),
  );
}

/** ‖actual − expected‖ as a share of ‖expected − its mean‖; infinite where only one of two results is a number. */
function relativeDistance(actual: readonly number[], expected: readonly number[]): number {
  const pairs = expected
    .map((value, i) => [value, actual[i] ?? NaN] as const)
    .filter((pair) => pair.some(Number.isFinite));
  if (pairs.some((pair) => !pair.every(Number.isFinite))) return Infinity;
  const mean = pairs.reduce((sum, [value]) => sum + value, 0) / pairs.length;
  const distance = norm(pairs.map(([value, other]) => other - value));
  // Results that are all alike differ by rounding alone.
  const spread = Math.max(
    norm(pairs.map(([value]) => value - mean)),
    norm(pairs.map(([value]) => value)) / 100,
  );
  return distance === 0 ? 0 : distance / spread;
}

const norm = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
