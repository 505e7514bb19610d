import type { Graph, Tensor } from '@unpair/graph';
import { ModelError, float32, sizeOf } from '@unpair/graph';
import type { ParameterRange } from './optimization/sgd.js';

/** A named tensor's place in a flat array. */
export interface TensorRange extends ParameterRange {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Inputs of an operator that training adjusts, by position. */
const TRAINED_INPUTS: Readonly<Record<string, readonly number[]>> = {
  Conv: [1, 2],
  Gemm: [1, 2],
  MatMul: [1],
  BatchNormalization: [1, 2],
};

/** Names of the initializers that training adjusts: filters, matrices, biases and normalization scales. */
export function trainedWeights(graph: Graph): readonly string[] {
  const names = graph.nodes.flatMap((node) =>
    (TRAINED_INPUTS[node.op] ?? []).map((at) => node.inputs[at] ?? ''),
  );
  return [...new Set(names)].filter((name) => graph.initializers.get(name)?.dataType === 'float32');
}

/** Lays named float32 initializers out one after the other. */
export function layOut(graph: Graph, names: readonly string[]): readonly TensorRange[] {
  let first = 0;
  return names.map((name) => {
    const tensor = graph.initializers.get(name);
    if (tensor?.dataType !== 'float32')
      throw new ModelError(`graph "${graph.name}" has no weights "${name}"`);
    const range = {
      name,
      shape: tensor.shape,
      first,
      length: tensor.data.length,
      decays: tensor.shape.length > 1,
    };
    first += tensor.data.length;
    return range;
  });
}

/** Elements that a layout takes. */
export function layoutSize(layout: readonly TensorRange[]): number {
  return layout.reduce((total, { length }) => total + length, 0);
}

/** Copies a graph's initializers into `flat`. */
export function packTensors(
  layout: readonly TensorRange[],
  tensors: Readonly<Record<string, Tensor>>,
  flat: Float32Array,
): void {
  for (const { name, first, length } of layout) {
    const tensor = tensors[name];
    if (tensor?.dataType !== 'float32' || tensor.data.length !== length) {
      throw new RangeError(`tensor "${name}" must hold ${length} float32 elements`);
    }
    flat.set(tensor.data, first);
  }
}

/** Views of `flat` as the named tensors of a layout. */
export function unpackTensors(
  layout: readonly TensorRange[],
  flat: Float32Array,
): Readonly<Record<string, Tensor<'float32'>>> {
  return Object.fromEntries(
    layout.map(({ name, shape, first }) => [
      name,
      float32(shape, flat.subarray(first, first + sizeOf(shape))),
    ]),
  );
}

/** The same graph with some initializers replaced. */
export function withInitializers(graph: Graph, tensors: Readonly<Record<string, Tensor>>): Graph {
  return { ...graph, initializers: new Map([...graph.initializers, ...Object.entries(tensors)]) };
}
