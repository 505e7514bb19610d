import { GraphBuilder } from '../../builder.js';
import { codeOfDataType } from '../../data-types.js';
import type { Graph, ValueInfo } from '../../graph.js';
import { ModelError, int } from '../../graph.js';
import { float32, int64 } from '../../tensor.js';
import { beforeSoftmax } from '../before-softmax.js';
import { pruneDeadNodes } from '../prune-dead-nodes.js';
import type { ClassRange, ModelOptions } from './model-options.js';

/** Probabilities below this count as this: the smallest that float32 holds at full precision. */
const SMALLEST_PROBABILITY = 1.1754943508222875e-38;

/**
 * Makes logits [N, classes] of what a model gives: a final Softmax is left out, with whatever only reshapes, casts or
 * rounds its probabilities, and probabilities that come from anywhere else are turned back by their logarithm.
 * Dimensions of size 1 go.
 * @returns the graph itself where nothing is to be done, or where its output is no float32 [N, …]
 */
export function toLogits(graph: Graph, outputs: ModelOptions['outputs'] = 'logits'): Graph {
  const [output, another] = graph.outputs;
  if (output?.dataType !== 'float32' || another !== undefined) return graph;
  const before = beforeSoftmax(graph, output);
  if (before === undefined) return flattened(outputs === 'probabilities' ? withLogarithm(graph) : graph);
  const bare = pruneDeadNodes({ ...graph, outputs: [before] });
  return flattened(before.dataType === 'float32' ? bare : asFloat32(bare));
}

function asFloat32(graph: Graph): Graph {
  return onOutput(graph, (builder, { name, shape }) => ({
    name: builder.node('Cast', [name], { to: int(codeOfDataType('float32')) }),
    dataType: 'float32',
    shape,
  }));
}

function withLogarithm(graph: Graph): Graph {
  return onOutput(graph, (builder, output) => {
    const floor = builder.initializer('floor', float32([], [SMALLEST_PROBABILITY]));
    const logarithm = builder.node('Log', [builder.node('Max', [output.name, floor])]);
    return { ...output, name: logarithm };
  });
}

/** [N, 1, 1, classes] and its like as [N, classes]; the [classes] of a model for one image as [1, classes]. */
function flattened(graph: Graph): Graph {
  const shape = graph.outputs[0]?.shape ?? [];
  const [batch = 1, ...rest] = shape.length === 1 ? [1, ...shape] : shape;
  const sizes = rest.filter((dim) => dim !== 1);
  if (shape.length === 2 || sizes.length !== 1) return graph;
  if (shape.length === 1 && graph.inputs[0]?.shape[0] !== 1) return graph;
  return onOutput(graph, (builder, { name, dataType }) => ({
    name: builder.node('Flatten', [name], { axis: int(Math.min(1, shape.length - 1)) }),
    dataType,
    shape: [batch, ...sizes],
  }));
}

/**
 * Keeps a run of a classifier's classes, as logits [N, count].
 * @throws {ModelError} when the model does not give [N, classes], or has no such classes.
 */
export function selectClasses(graph: Graph, { from, count }: ClassRange): Graph {
  const [output, another] = graph.outputs;
  const [batch = 'N', classes] = output?.shape ?? [];
  if (output?.shape.length !== 2 || typeof classes !== 'number' || another !== undefined) {
    throw new ModelError(
      `classes can be chosen from one output [N, classes]; "${graph.name}" has ${describe(graph)}`,
    );
  }
  const end = count === undefined ? classes : from + count;
  if (from >= end || end > classes) {
    throw new ModelError(
      `classes are ${from} to ${end - 1}, but "${graph.name}" has classes 0 to ${classes - 1}`,
    );
  }
  if (from === 0 && end === classes) return graph;
  return onOutput(graph, (builder, { name, dataType }) => {
    const list = (value: number): string => builder.initializer('classes', int64([1], [value]));
    const kept = builder.node('Slice', [name, list(from), list(end), list(1)]);
    return { name: kept, dataType, shape: [batch, end - from] };
  });
}

function onOutput(graph: Graph, extend: (builder: GraphBuilder, output: ValueInfo) => ValueInfo): Graph {
  const [output] = graph.outputs;
  if (output === undefined) return graph;
  const builder = GraphBuilder.from(graph);
  builder.clearOutputs();
  const { name, dataType, shape } = extend(builder, output);
  builder.output(name, dataType, shape);
  return builder.build();
}

function describe({ outputs }: Graph): string {
  return outputs.map(({ dataType, shape }) => `${dataType} [${shape.join(', ')}]`).join(', ') || 'none';
}
