import type { Dim, Graph, ValueInfo } from '../graph.js';
import { ModelError } from '../graph.js';

/**
 * Turns constants into inputs behind the present ones, so that they can be fed at each run: weights while they
 * are being trained.
 * @throws {ModelError} for a name that is not a constant of the graph.
 */
export function weightsToInputs(graph: Graph, names: readonly string[]): Graph {
  const initializers = new Map(graph.initializers);
  const inputs = names.map((name): ValueInfo => {
    const tensor = initializers.get(name);
    if (tensor === undefined) throw new ModelError(`the model has no weight "${name}"`);
    initializers.delete(name);
    return { name, dataType: tensor.dataType, shape: tensor.shape };
  });
  return { ...graph, initializers, inputs: [...graph.inputs, ...inputs] };
}

/** Gives sizes to named dimensions of the inputs and outputs: a batch size, for instance. */
export function bindDims(graph: Graph, sizes: Readonly<Record<string, number>>): Graph {
  const bound = (dim: Dim): Dim =>
    typeof dim === 'string' && Object.hasOwn(sizes, dim) ? (sizes[dim] ?? dim) : dim;
  const bindInfo = (info: ValueInfo): ValueInfo => ({ ...info, shape: info.shape.map(bound) });
  return { ...graph, inputs: graph.inputs.map(bindInfo), outputs: graph.outputs.map(bindInfo) };
}

/**
 * Gives the images of a classifier the size of a data set's, [C,H,W], where the model leaves it open: derivatives want
 * to know it. Sizes that the model has stay.
 */
export function bindImage(graph: Graph, image: readonly number[]): Graph {
  const [input] = graph.inputs;
  const [batch = 'N', ...dims] = input?.shape ?? [];
  const isOpen = dims.length === image.length && dims.some((dim) => typeof dim === 'string');
  if (input === undefined || !isOpen) return graph;
  const sizes = dims.map((dim, axis) => (typeof dim === 'number' ? dim : (image[axis] ?? 1)));
  const named = dims.map((dim, axis) => [dim, sizes[axis] ?? 1] as const).filter(([dim]) => dim !== batch);
  const { inputs, ...rest } = bindDims(graph, Object.fromEntries(named));
  return { ...rest, inputs: [{ ...input, shape: [batch, ...sizes] }, ...inputs.slice(1)] };
}
