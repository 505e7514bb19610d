import type { ChannelGroup, Graph, KeptChannels } from '@unpair/graph';
import { ModelError, channelGroups, removeChannels, sizeOf } from '@unpair/graph';
import type { PruningScope } from './magnitude.js';

/** No layer is cut to less than this part of its channels. */
const LEAST_SHARE = 0.1;

interface Candidate {
  readonly group: ChannelGroup;
  readonly channel: number;
  /** Of a channel's filters, relative to their mean over the group. */
  readonly importance: number;
}

/**
 * Removes the channels whose filters have the least norm (Li et al. 2017, arXiv 1608.08710), so that the model
 * shrinks: the share `sparsity` of those that can be removed at all.
 * @throws {ModelError} when none can be
 */
export function pruneChannels(graph: Graph, sparsity: number, scope: PruningScope): Graph {
  const groups = channelGroups(graph);
  if (groups.length === 0) {
    const operators = [...new Set(graph.nodes.map(({ op }) => op))].join(', ');
    throw new ModelError(
      `model "${graph.name}" has no channels that can be removed by themselves: all meet one of ${operators} in a way ` +
        'that ties them to inputs or outputs; prune weights in place of channels',
    );
  }
  const parts = scope === 'layer' ? groups.map((group) => [group]) : [groups];
  const removed = new Set(parts.flatMap((part) => leastImportant(graph, part, sparsity)));
  const removals = groups.map((group): KeptChannels => {
    const gone = new Set([...removed].flatMap((one) => (one.group === group ? [one.channel] : [])));
    return { group, kept: Array.from({ length: group.channels }, (_, c) => c).filter((c) => !gone.has(c)) };
  });
  return removeChannels(graph, removals);
}

function leastImportant(
  graph: Graph,
  groups: readonly ChannelGroup[],
  sparsity: number,
): readonly Candidate[] {
  const candidates = groups.flatMap((group) => {
    const importance = importanceOf(graph, group);
    const ranked = [...importance.keys()].sort(
      (a, b) => (importance[a] ?? 0) - (importance[b] ?? 0) || a - b,
    );
    const removable = group.channels - Math.max(1, Math.ceil(LEAST_SHARE * group.channels));
    return ranked
      .slice(0, removable)
      .map((channel): Candidate => ({ group, channel, importance: importance[channel] ?? 0 }));
  });
  const channels = groups.reduce((sum, group) => sum + group.channels, 0);
  return candidates
    .map((candidate, position) => ({ candidate, position }))
    .sort((a, b) => a.candidate.importance - b.candidate.importance || a.position - b.position)
    .slice(0, Math.round(sparsity * channels))
    .map(({ candidate }) => candidate);
}

/** The mean over a group's filters of each channel's squared norm, relative to the filter's mean. */
function importanceOf(graph: Graph, { channels, members }: ChannelGroup): Float64Array {
  const importance = new Float64Array(channels);
  for (const { initializer, axis, computes } of members) {
    const tensor = graph.initializers.get(initializer);
    if (!computes || tensor?.dataType !== 'float32') continue;
    const inner = sizeOf(tensor.shape.slice(axis + 1));
    const norms = new Float64Array(channels);
    tensor.data.forEach((weight, index) => {
      const channel = Math.floor(index / inner) % channels;
      norms[channel] = (norms[channel] ?? 0) + weight * weight;
    });
    const mean = norms.reduce((sum, norm) => sum + norm, 0) / channels;
    norms.forEach((norm, channel) => {
      importance[channel] = (importance[channel] ?? 0) + (mean > 0 ? norm / mean : 0);
    });
  }
  return importance;
}
