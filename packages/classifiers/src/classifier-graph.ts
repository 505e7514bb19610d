import type { Graph } from '@unpair/graph';
import { ModelError, toLogits, withLoss } from '@unpair/graph';

/** Channels, height and width of an image. */
export type ImageShape = readonly [channels: number, height: number, width: number];

/** A graph that classifies images, and where it does what. */
export interface ClassifierGraph {
  /** With the size of the images filled in. */
  readonly graph: Graph;
  /** Name of the input [N, C, H, W]. */
  readonly input: string;
  readonly shape: ImageShape;
  /** Name of its only output [N, classes]: what a final Softmax gets, where there is one. */
  readonly logits: string;
  readonly classes: number;
}

/**
 * Finds a classifier's input, logits and sizes.
 *
 * @param images the size of the images, for what the graph leaves open of it
 * @throws {ModelError} one sentence: the model's name, what it has, and what a classifier has instead
 */
export function classifierGraph(given: Graph, images?: ImageShape): ClassifierGraph {
  const [input, another] = given.inputs;
  const [batch, ...sizes] = input?.shape ?? [];
  if (input?.dataType !== 'float32' || another !== undefined || batch === undefined || sizes.length !== 3) {
    throw unfit(given);
  }
  const [channels, height, width] = sizes.map((dim, axis) =>
    typeof dim === 'number' ? dim : images?.[axis],
  );
  if (channels === undefined || height === undefined || width === undefined) throw unfit(given);
  const shape: ImageShape = [channels, height, width];
  const graph = toLogits({ ...given, inputs: [{ ...input, shape: [batch, ...shape] }] });
  return { graph, input: input.name, shape, ...outputOf(graph) };
}

function outputOf(graph: Graph): Pick<ClassifierGraph, 'logits' | 'classes'> {
  const [, classes = 0] = graph.outputs[0]?.shape ?? [];
  if (typeof classes === 'string') {
    throw new ModelError(`the output of model "${graph.name}" does not say how many classes there are`);
  }
  // Refuses any other outputs than one [N, classes] of at least two classes.
  const { logits } = withLoss(graph, 'cross-entropy');
  return { logits, classes };
}

function unfit({ name, inputs }: Graph): ModelError {
  const given = inputs.map(({ dataType, shape }) => `${dataType} [${shape.join(', ')}]`).join(', ');
  return new ModelError(
    `a classifier has one float32 input [N, C, H, W] of known C, H and W; model "${name}" has ${given || 'none'}`,
  );
}
