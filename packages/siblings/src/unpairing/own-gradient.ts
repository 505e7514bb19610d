import type { Graph, Runtime, Tensors } from '@unpair/graph';
import { LABELS, LOSS, float32, gradient, gradientName, pruneDeadNodes } from '@unpair/graph';
import type { ObjectiveGradients } from '@unpair/classifiers';
import { clearInvalid, oneHot } from '@unpair/classifiers';
import { trainableLoss } from '@unpair/training';

/** The input gradient of a model in training, with weights that change from step to step. */
export interface OwnGradient {
  /** That of the model with these weights, at as many images as it was loaded for, with their labels. */
  with(weights: Tensors): (images: Float32Array, labels: Int32Array) => Promise<ObjectiveGradients>;
  close(): Promise<void>;
}

export interface OwnGradientOptions {
  readonly graph: Graph;
  readonly runtime: Runtime;
  readonly threads?: number | undefined;
  /** Rows of every run. */
  readonly rows: number;
}

/**
 * Loads the gradient of the cross-entropy of a model with respect to its images; normalization takes the statistics of
 * the batch, as the training step does.
 * @throws {ModelError} when the model is no classifier or cannot be differentiated
 */
export async function loadOwnGradient({
  graph,
  runtime,
  threads,
  rows,
}: OwnGradientOptions): Promise<OwnGradient> {
  const loss = trainableLoss(graph, rows, 'batch');
  const [name, classes] = [gradientName(LOSS, loss.images), classesOf(loss.graph)];
  const derivative = gradient(loss.graph, { of: LOSS, wrt: [loss.images], through: loss.through });
  const wanted = [name, LOSS, loss.logits];
  const outputs = derivative.outputs.filter((output) => wanted.includes(output.name));
  const executable = await runtime.load(
    pruneDeadNodes({ ...derivative, outputs }),
    threads === undefined ? {} : { threads },
  );
  return {
    with: (weights) => async (images, labels) => {
      const shape = derivative.inputs.find((input) => input.name === loss.images)?.shape.slice(1) ?? [];
      const results = await executable.run({
        ...weights,
        [loss.images]: float32([labels.length, ...shape.map(Number)], images),
        [LABELS]: oneHot(labels, classes),
      });
      const [gradients = EMPTY, values = EMPTY, logits = EMPTY] = wanted.map((output) =>
        floats(results, output),
      );
      return { gradients, invalid: clearInvalid(gradients, labels.length), values, logits };
    },
    close: () => executable.close(),
  };
}

const EMPTY = new Float32Array();

function classesOf({ inputs }: Graph): number {
  return Number(inputs.find(({ name }) => name === LABELS)?.shape[1]);
}

function floats(results: Tensors, name: string): Float32Array {
  const tensor = results[name];
  if (tensor?.dataType !== 'float32') throw new TypeError(`the gradient graph must give float32 "${name}"`);
  return tensor.data;
}
