import type { Graph, Tensor, ValueRange } from '@unpair/graph';
import { observeRanges } from '@unpair/graph';
import { runGraph } from './onnxruntime.js';

/** Ranges of a graph's values over one batch. */
export async function rangesOver(
  graph: Graph,
  feeds: Readonly<Record<string, Tensor>>,
): Promise<ReadonlyMap<string, ValueRange>> {
  const observed = observeRanges(graph);
  const results = await runGraph(observed.graph, feeds);
  return new Map(
    observed.ranges.map(({ value, min, max }) => [
      value,
      { min: Number(results[min]?.data[0]), max: Number(results[max]?.data[0]) },
    ]),
  );
}
