import type { Graph } from '@unpair/graph';
import { DerivativeError, ModelError } from '@unpair/graph';
import { createClassifier } from '@unpair/classifiers';
import { argmax } from '@unpair/classifiers';
import { UnpairError } from '@unpair/errors';
import { hardlyAboveChance } from '@unpair/numerics';
import { firstImages, sampleCount } from '@unpair/training';
import type { Parameters } from '@unpair/parameters';
import type { SampleDemand, SiblingDefinition, SiblingRequest } from '@unpair/training';
import { refuseMisfit } from './refuse-misfit.js';

/** Training samples on which a sibling must be better than chance. */
const PROBED = 512;
/** Samples of one run. */
const BATCH = 64;

/** Samples that a sibling is made with: what its recipe asks for, and enough of training to see whether it classifies. */
export function sampleDemand(
  definition: Pick<SiblingDefinition, 'demand'>,
  parameters: Parameters,
): SampleDemand {
  const demand = definition.demand(parameters);
  return { ...demand, wanted: Math.max(demand.wanted, PROBED) };
}

/**
 * Makes a sibling, and sees to it that it still classifies: what attacks and similarity say of one that answers by
 * chance means nothing. An attacker's copy is measured however little it has learnt, its queries being spent.
 * @throws {UnpairError} INVALID_ARGUMENT when parameters do not go together
 * @throws {ModelError} when training needs a derivative that there is not: which, and what to do instead; or when it
 * needs more images at a time than the model takes
 * @throws {UnpairError} FAILED_PRECONDITION when the sibling is below twice chance, the model is not, and no
 * attacker makes it
 * @throws what the definition throws
 */
export async function deriveSibling(definition: SiblingDefinition, request: SiblingRequest): Promise<Graph> {
  refuseMisfit(definition.misfit?.(request.parameters));
  const batch = request.graph.inputs[0]?.shape[0];
  if (typeof batch === 'number' && definition.trains?.(request.parameters) === true) {
    throw new ModelError(
      `${definition.name} trains its model, but "${request.graph.name}" takes ${batch} at a time`,
    );
  }
  const sibling = await definition.derive(request).catch((error: unknown) => {
    throw error instanceof DerivativeError ? withWayOut(error, definition) : error;
  });
  if (definition.maker === 'attacker' || sampleCount(request.samples) === 0) return sibling;
  const threshold = hardlyAboveChance(request.samples.classes);
  const accuracy = await probe(sibling, request);
  if (accuracy >= threshold || (await probe(request.graph, request)) < threshold) return sibling;
  throw new UnpairError(
    'FAILED_PRECONDITION',
    `${definition.name} leaves an accuracy of ${accuracy.toFixed(3)} on training samples, below ` +
      `${threshold.toFixed(3)}, hardly better than chance; compress less, or fine-tune longer`,
  );
}

function withWayOut(error: DerivativeError, { parameters }: SiblingDefinition): ModelError {
  const way = Object.hasOwn(parameters, 'finetune.epochs')
    ? 'make the sibling without training, by finetune.epochs of 0'
    : 'export the model with operators that can be';
  return new ModelError(`${error.message}; ${way}`, { cause: error });
}

/** Accuracy on the first training samples. */
async function probe(graph: Graph, { runtime, threads, samples, signal }: SiblingRequest): Promise<number> {
  const classifier = await createClassifier({ graph, runtime, ...(threads !== undefined && { threads }) });
  try {
    const count = Math.min(PROBED, sampleCount(samples));
    const images = firstImages(samples, count);
    const size = images.length / count;
    let correct = 0;
    for (let first = 0; first < count; first += BATCH) {
      signal?.throwIfAborted();
      const rows = Math.min(BATCH, count - first);
      const logits = await classifier.logits(images.slice(first * size, (first + rows) * size), rows);
      correct += countCorrect(logits, samples.labels.subarray(first, first + rows), classifier.classes);
    }
    return correct / count;
  } finally {
    await classifier.close();
  }
}

function countCorrect(logits: Float32Array, labels: Int32Array, classes: number): number {
  return labels.reduce((correct, label, row) => {
    const scores = logits.subarray(row * classes, (row + 1) * classes);
    return correct + (scores.every(Number.isFinite) && argmax(scores) === label ? 1 : 0);
  }, 0);
}
