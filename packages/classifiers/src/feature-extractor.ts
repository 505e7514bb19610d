import { float32, foldConstants, inferShapes, penultimateValue, pruneDeadNodes } from '@unpair/graph';
import { runRows } from './batching/run-rows.js';
import { triedImages, whyApart } from './batching/rows-together.js';
import { RowLimit } from './batching/run-size.js';
import { classifierGraph } from './classifier-graph.js';
import type { GraphClassifierOptions } from './graph-classifier.js';

/** The part of a classifier below its last linear layer. */
export interface FeatureExtractor {
  /** Penultimate features [count, width] of `count` inputs [count, C, H, W], flattened where they are maps. */
  features(inputs: Float32Array, count: number): Promise<Float32Array>;
  close(): Promise<void>;
}

/**
 * A classifier's penultimate features, from a graph that ends there. Undefined when the model has no last linear layer,
 * or its features are not numbers [N, …].
 * @throws {ModelError} when the graph is no classifier
 * @throws {UnpairError} when the runtime cannot run it
 */
export async function createFeatureExtractor(
  options: GraphClassifierOptions,
): Promise<FeatureExtractor | undefined> {
  const { graph, input, shape, logits } = classifierGraph(options.graph, options.images);
  const name = penultimateValue(graph, logits);
  const type = name === undefined ? undefined : inferShapes(graph).get(name);
  if (name === undefined || type?.dataType !== 'float32' || type.shape.length < 2) return undefined;
  const below = pruneDeadNodes({ ...graph, outputs: [{ name, ...type }] });
  const { runtime, threads } = options;
  const folded = foldConstants(below, { keepQuantized: true });
  const executable = await runtime.load(folded, threads === undefined ? {} : { threads });
  const apart = await whyApart(folded, executable, runtime, { [input]: triedImages(shape) });
  const runs = { size: new RowLimit(), apart: apart !== undefined };
  return {
    async features(inputs, count) {
      const results = await runRows(executable, { [input]: float32([count, ...shape], inputs) }, count, runs);
      return results[name] ?? new Float32Array();
    },
    close: () => executable.close(),
  };
}
