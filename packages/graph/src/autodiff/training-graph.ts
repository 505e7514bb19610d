import { GraphBuilder } from '../builder.js';
import { orderNodes } from '../codec/order.js';
import type { Dim, Graph, Node } from '../graph.js';
import { ModelError } from '../graph.js';
import { inferValues } from '../shapes/infer.js';
import { producersOf } from '../transforms/consumers.js';
import { Emitter } from './emitter.js';

export interface TrainingGraphOptions {
  /** Weight of the new batch in the running statistics. Default 0.1. */
  readonly momentum?: number;
}

/** A running statistic of a training graph. */
export interface RunningStatistic {
  /** The initializer or input that holds the statistic, [C]. */
  readonly current: string;
  /** The output that holds it after this batch, [C]. */
  readonly next: string;
}

/** A graph that normalizes with its batch's own statistics. */
export interface TrainingGraph {
  readonly graph: Graph;
  readonly statistics: readonly RunningStatistic[];
}

/**
 * Replaces every inference BatchNormalization by one whose mean and variance are those of the batch (Ioffe and
 * Szegedy, 1502.03167), so that training differentiates through them. Each running statistic gets an output
 * `next_<name>` = (1 - momentum)·current + momentum·batch, where the variance is the population's, as ONNX defines
 * it. Dropout stays the identity.
 *
 * The variance is E[(x - r)²] - (E[x] - r)² with the running mean r, clamped at 0. That is the same for any r, so that
 * r counts as a constant, and costs one pass less than E[(x - E[x])²] backwards; near the mean nothing cancels.
 *
 * @throws {RangeError} when `momentum` is not in (0, 1].
 * @throws {ModelError} when two nodes share a running statistic.
 */
export function toTrainingGraph(graph: Graph, { momentum = 0.1 }: TrainingGraphOptions = {}): TrainingGraph {
  if (!(momentum > 0 && momentum <= 1)) {
    throw new RangeError(`momentum is ${momentum}; it must be above 0 and at most 1`);
  }
  const builder = GraphBuilder.from(graph);
  const emit = new Emitter(builder, {
    ...inferValues(graph),
    constants: graph.initializers,
    producers: producersOf(graph),
  });
  const statistics = new Map<string, string>();
  const replaced = new Map<Node, Node>();
  for (const node of graph.nodes) {
    if (node.op !== 'BatchNormalization' || node.domain !== '') continue;
    const batch = batchStatistics(emit, node);
    replaced.set(node, { ...node, inputs: [...node.inputs.slice(0, 3), ...batch] });
    node.inputs.slice(3, 5).forEach((current, index) => {
      if (statistics.has(current)) {
        throw new ModelError(`running statistic "${current}" belongs to several nodes`);
      }
      const kept = emit.scale(current, 1 - momentum);
      const next = emit.add(kept, emit.scale(batch[index] ?? '', momentum));
      statistics.set(current, builder.rename(next, `next_${current}`));
    });
  }
  for (const [current, next] of statistics) {
    const { dataType, shape } = emit.typeOf(current);
    builder.output(next, dataType, shape);
  }
  const built = builder.build();
  const nodes = built.nodes.map((node) => replaced.get(node) ?? node);
  const given = [...built.inputs.map(({ name }) => name), ...built.initializers.keys()];
  return {
    graph: { ...built, nodes: orderNodes(nodes, given) },
    statistics: [...statistics].map(([current, next]) => ({ current, next })),
  };
}

/**
 * Mean and variance [C] of a batch. The inference operator itself then applies them: its rule differentiates through
 * them, and runtimes have a fast kernel for it.
 */
function batchStatistics(emit: Emitter, node: Node): readonly [string, string] {
  const [x = '', , , running = ''] = node.inputs;
  const shape = emit.shapeOf(x);
  const axes = shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const mean = emit.reduceMean(x, axes, false);
  const ones = shape.slice(2).map(() => 1);
  const reference = ones.length === 0 ? running : emit.reshape(running, [-1, ...ones]);
  const distance = emit.sub(mean, running);
  const spread = emit.sub(meanSquare(emit, emit.sub(x, reference), shape), emit.mul(distance, distance));
  return [mean, emit.op('Relu', [spread])];
}

/** E[x²] of each channel, [C]. A sum of squares needs no squared copy of x, neither forwards nor backwards. */
function meanSquare(emit: Emitter, x: string, [, , ...sizes]: readonly Dim[]): string {
  const known = sizes.filter((size) => typeof size === 'number');
  if (sizes.length === 0 || known.length < sizes.length) {
    const axes = [0, ...sizes.map((_, axis) => axis + 2)];
    return emit.reduceMean(emit.mul(x, x), axes, false);
  }
  const sums = emit.reduceSumSquare(
    x,
    known.map((_, axis) => axis + 2),
    false,
  );
  const pixels = known.reduce((product, size) => product * size, 1);
  return emit.reduceMean(emit.scale(sums, 1 / pixels), [0], false);
}
