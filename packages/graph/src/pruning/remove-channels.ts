import type { Graph } from '../graph.js';
import { int } from '../graph.js';
import type { Tensor } from '../tensor.js';
import { float32, sizeOf } from '../tensor.js';
import type { ChannelGroup } from './channel-groups.js';

/** A group and the channels of it that stay, ascending. */
export interface KeptChannels {
  readonly group: ChannelGroup;
  readonly kept: readonly number[];
}

/**
 * Removes channels: weights, biases and normalization shrink, and with them every value that they compute.
 * @throws {RangeError} when a group would keep none, or keeps a channel that it does not have
 */
export function removeChannels(graph: Graph, removals: readonly KeptChannels[]): Graph {
  const initializers = new Map(graph.initializers);
  const groupsOf = new Map<string, number>();
  for (const { group, kept } of removals) {
    if (kept.length === 0 || kept.some((channel) => channel < 0 || channel >= group.channels)) {
      throw new RangeError(`a group of ${group.channels} channels cannot keep [${kept.join(', ')}]`);
    }
    for (const { initializer, axis, repeat } of group.members) {
      const tensor = initializers.get(initializer);
      if (tensor?.dataType !== 'float32') continue;
      const indices = kept.flatMap((channel) =>
        Array.from({ length: repeat }, (_, i) => channel * repeat + i),
      );
      initializers.set(initializer, take(tensor, axis, indices));
    }
    for (const name of group.depthwise) groupsOf.set(name, kept.length);
  }
  const nodes = graph.nodes.map((node) => {
    const groups = groupsOf.get(node.outputs[0] ?? '');
    return groups === undefined ? node : { ...node, attributes: { ...node.attributes, group: int(groups) } };
  });
  return { ...graph, nodes, initializers };
}

/** The slices of a tensor at `indices` of an axis. */
function take(
  { shape, data }: Tensor<'float32'>,
  axis: number,
  indices: readonly number[],
): Tensor<'float32'> {
  const inner = sizeOf(shape.slice(axis + 1));
  const outer = sizeOf(shape.slice(0, axis));
  const length = shape[axis] ?? 0;
  const out = new Float32Array(outer * indices.length * inner);
  for (let block = 0; block < outer; block++) {
    indices.forEach((index, position) => {
      const first = (block * length + index) * inner;
      out.set(data.subarray(first, first + inner), (block * indices.length + position) * inner);
    });
  }
  return float32(
    shape.map((size, i) => (i === axis ? indices.length : size)),
    out,
  );
}
