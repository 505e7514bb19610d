import { float32 } from '@unpair/graph';
import type { Graph, Runtime } from '@unpair/graph';
import type { Classifier as BatchClassifier } from '@unpair/robustness';

import { CliError } from '../failure.js';
import type { Classifier } from './classifier.js';

export interface GraphClassifierOptions {
  readonly runtime: Runtime;
  readonly threads: number;
  /** [C, H, W]. */
  readonly shape: readonly [number, number, number];
}

/**
 * A model file as something that turns batches of images into logits. Close it after use.
 * @throws {CliError} when the file does not say how many classes there are.
 */
export async function loadClassifier(
  graph: Graph,
  { input, output }: Classifier,
  { runtime, threads, shape }: GraphClassifierOptions,
): Promise<BatchClassifier> {
  const classes = output.shape[1];
  if (typeof classes !== 'number') {
    throw new CliError('INVALID_ARGUMENT', `output "${output.name}" does not say how many classes there are`);
  }
  const executable = await runtime.load(graph, { threads });
  return {
    shape,
    classes,
    async logits(inputs, count) {
      const feeds = { [input.name]: float32([count, ...shape], inputs) };
      const logits = (await executable.run(feeds))[output.name];
      if (logits?.dataType === 'float32') return logits.data;
      throw new CliError('INTERNAL', `output "${output.name}" is not float32`);
    },
    close: () => executable.close(),
  };
}

/** The batch size that a model is made for, where it takes no other. */
export function fixedBatch({ input }: Classifier): number | undefined {
  const [batch] = input.shape;
  return typeof batch === 'number' ? batch : undefined;
}
