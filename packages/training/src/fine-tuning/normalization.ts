import type { Graph, Moments, ObservedMoments, Tensors } from '@unpair/graph';
import { canInsertNormalization, insertNormalization, observeMoments } from '@unpair/graph';
import type { SamplesToRun } from './over-samples.js';
import { overSamples } from './over-samples.js';

/** Samples of one run. */
const BATCH = 64;

/** Whether a model normalizes over batches itself, or could after its convolutions. */
export function canNormalize(graph: Graph): boolean {
  return graph.nodes.some(({ op }) => op === 'BatchNormalization') || canInsertNormalization(graph);
}

/**
 * The same model with batch normalization after its convolutions, for training; one that has some stays as it is. What
 * it answers stays the same, but for rounding. Exporters fold normalization away, and without it one learning rate
 * cannot serve all channels.
 * @throws {UnpairError} when the samples do not fit the model's input or are too few
 */
export async function withNormalization(graph: Graph, samples: SamplesToRun): Promise<Graph> {
  if (graph.nodes.some(({ op }) => op === 'BatchNormalization')) return graph;
  const observed = observeMoments(graph);
  const sums = new Map<string, Sum>();
  await overSamples(observed.graph, BATCH, samples, (results, rows) => {
    for (const names of observed.moments)
      sums.set(names.value, added(sums.get(names.value), names, results, rows));
  });
  return insertNormalization(graph, new Map([...sums].map(([value, sum]) => [value, sum.moments])));
}

/** Moments over the rows so far. */
interface Sum {
  readonly rows: number;
  readonly moments: Moments;
}

/** Pools the moments of two sets of rows (Chan, Golub and LeVeque 1983). */
function added(before: Sum | undefined, names: ObservedMoments, results: Tensors, rows: number): Sum {
  const mean = floats(results, names.mean);
  const variance = floats(results, names.variance);
  if (before === undefined) return { rows, moments: { mean, variance } };
  const all = before.rows + rows;
  const [old, share] = [before.moments, rows / all];
  const gaps = mean.map((value, channel) => value - (old.mean[channel] ?? 0));
  return {
    rows: all,
    moments: {
      mean: old.mean.map((value, channel) => value + share * (gaps[channel] ?? 0)),
      variance: old.variance.map((value, channel) => {
        const within = (1 - share) * value + share * (variance[channel] ?? 0);
        return within + share * (1 - share) * (gaps[channel] ?? 0) ** 2;
      }),
    },
  };
}

function floats(results: Tensors, name: string): Float32Array {
  const tensor = results[name];
  if (tensor?.dataType !== 'float32') throw new TypeError(`moments must be float32, got none of "${name}"`);
  return tensor.data;
}
