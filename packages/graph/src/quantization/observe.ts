import type { Graph } from '../graph.js';
import { int } from '../graph.js';
import { GraphBuilder } from '../builder.js';
import { inferShapes } from '../shapes/infer.js';
import { pruneDeadNodes } from '../transforms/prune-dead-nodes.js';
import { planQuantization } from './plan.js';

/** Names of the scalar outputs that hold a value's least and greatest element. */
export interface ObservedRange {
  readonly value: string;
  readonly min: string;
  readonly max: string;
}

/** A graph whose outputs are the ranges of its values over a batch. */
export interface ObservedGraph {
  readonly graph: Graph;
  readonly ranges: readonly ObservedRange[];
}

/**
 * The graph to run over calibration samples: its outputs are the least and the greatest element of every value
 * that `quantize` needs the range of.
 */
export function observeRanges(original: Graph): ObservedGraph {
  const { graph, observed } = planQuantization(original);
  const builder = GraphBuilder.from(graph);
  builder.clearOutputs();
  const reduce = (op: string, value: string): string => {
    const output = builder.node(op, [value], { keepdims: int(0) });
    builder.output(output, 'float32', []);
    return output;
  };
  const ranges = observed.map((value) => ({
    value,
    min: reduce('ReduceMin', value),
    max: reduce('ReduceMax', value),
  }));
  return { graph: pruneDeadNodes(builder.build()), ranges };
}

/** As {@link observeRanges}, for histograms: its outputs are copies of the values themselves. */
export function observeValues(original: Graph): {
  readonly graph: Graph;
  readonly values: readonly { readonly value: string; readonly output: string }[];
} {
  const { graph, observed } = planQuantization(original);
  const types = inferShapes(graph);
  const builder = GraphBuilder.from(graph);
  builder.clearOutputs();
  const values = observed.map((value) => {
    const output = builder.node('Identity', [value]);
    builder.output(output, 'float32', types.get(value)?.shape ?? []);
    return { value, output };
  });
  return { graph: pruneDeadNodes(builder.build()), values };
}
