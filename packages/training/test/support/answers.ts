import type { Graph, Runtime } from '@unpair/graph';
import type { TrainingSamples } from '@unpair/training';
import { argmax, createClassifier } from '@unpair/classifiers';
import { firstImages } from '@unpair/training';

/** What a model answers to all samples as they are, [N,K] in one array. */
export async function logitsOf(
  graph: Graph,
  runtime: Runtime,
  samples: TrainingSamples,
): Promise<Float32Array> {
  const classifier = await createClassifier({ graph, runtime });
  try {
    const count = samples.labels.length;
    return await classifier.logits(firstImages(samples, count), count);
  } finally {
    await classifier.close();
  }
}

/** The classes that a model takes all samples for. */
export async function predictions(
  graph: Graph,
  runtime: Runtime,
  samples: TrainingSamples,
): Promise<number[]> {
  const logits = await logitsOf(graph, runtime, samples);
  return Array.from(samples.labels, (_, row) => argmax(logits, row * samples.classes, samples.classes));
}
