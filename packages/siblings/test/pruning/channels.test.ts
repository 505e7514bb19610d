import type { ChannelGroup, Graph, Tensor } from '@unpair/graph';
import { GraphBuilder, channelGroups, float32, ints, removeChannels, summarizeModel } from '@unpair/graph';
import { buildArchitecture, normalInitializer } from '@unpair/training';
import { createRandom } from '@unpair/numerics';
import { createOnnxRuntime } from '@unpair/runtime';
import { describe, expect, it } from 'vitest';

const SHAPE = {
  image: [3, 16, 16],
  classes: 5,
  mean: [0.5, 0.5, 0.5],
  deviation: [0.25, 0.25, 0.25],
} as const;

/** An untrained network whose normalization differs from channel to channel, as after training. */
function network(name: string, options: Record<string, number>): Graph {
  const graph = buildArchitecture(name, options, SHAPE, normalInitializer(1));
  const random = createRandom({ seed: 2, cell: 'normalization', sample: 0 });
  const noisy = (tensor: Tensor): Tensor =>
    tensor.dataType === 'float32' && tensor.shape.length === 1
      ? float32(
          tensor.shape,
          tensor.data.map((value) => value + 0.3 * random.uniform()),
        )
      : tensor;
  return {
    ...graph,
    initializers: new Map([...graph.initializers].map(([key, value]) => [key, noisy(value)])),
  };
}

async function answers(graph: Graph): Promise<Float32Array> {
  const random = createRandom({ seed: 3, cell: 'images', sample: 0 });
  const images = float32(
    [2, 3, 16, 16],
    Float32Array.from({ length: 2 * 768 }, () => random.uniform()),
  );
  const executable = await createOnnxRuntime().load(graph);
  try {
    const { logits } = await executable.run({ input: images });
    if (logits?.dataType !== 'float32') throw new Error('no logits');
    return logits.data;
  } finally {
    await executable.close();
  }
}

/** The graph with certain channels of a group zero wherever they are held: they then have no influence. */
function silenced(graph: Graph, group: ChannelGroup, gone: ReadonlySet<number>): Graph {
  const initializers = new Map(graph.initializers);
  for (const { initializer, axis, repeat } of group.members) {
    const tensor = initializers.get(initializer);
    if (tensor?.dataType !== 'float32' || initializer.endsWith('.var')) continue;
    const inner = tensor.shape.slice(axis + 1).reduce((product, size) => product * size, 1);
    const data = tensor.data.map((value, index) => {
      const channel = Math.floor(Math.floor(index / inner) / repeat) % group.channels;
      return gone.has(channel) ? 0 : value;
    });
    initializers.set(initializer, float32(tensor.shape, data));
  }
  return { ...graph, initializers };
}

describe('removeChannels', () => {
  it.each([
    ['resnet', { depth: 14, width: 8 }],
    ['vgg', { depth: 11, width: 4 }],
    ['mobilenet-v2', {}],
    ['convnet', {}],
  ])('leaves what %s answers when the channels that go are silent', async (name, options) => {
    let graph = network(name, options);
    const groups = channelGroups(graph);
    expect(groups.length).toBeGreaterThan(4);
    const removals = groups.map((group) => {
      const kept = Array.from({ length: group.channels }, (_, c) => c).filter((c) => c % 3 !== 1);
      const gone = new Set(Array.from({ length: group.channels }, (_, c) => c).filter((c) => c % 3 === 1));
      graph = silenced(graph, group, gone);
      return { group, kept };
    });
    const smaller = removeChannels(graph, removals);
    const [before, after] = [await answers(graph), await answers(smaller)];
    before.forEach((value, index) => {
      expect(after[index]).toBeCloseTo(value, 3);
    });
    const [large, small] = [summarizeModel(graph), summarizeModel(smaller)];
    expect(small.parameters).toBeLessThan(0.6 * large.parameters);
    expect(small.macs ?? Infinity).toBeLessThan(0.65 * (large.macs ?? 0));
  });

  it('refuses to empty a group, or to keep what is not there', () => {
    const graph = network('resnet', { depth: 8, width: 4 });
    const [group] = channelGroups(graph);
    if (group === undefined) throw new Error('no group');
    expect(() => removeChannels(graph, [{ group, kept: [] }])).toThrow('cannot keep []');
    expect(() => removeChannels(graph, [{ group, kept: [99] }])).toThrow('cannot keep [99]');
  });
});

describe('channelGroups', () => {
  const convolution = (b: GraphBuilder, x: string, [o, i]: readonly [number, number]): string =>
    b.node('Conv', [x, b.initializer('w', float32([o, i, 1, 1], new Float32Array(o * i)))]);

  it('ties channels that are added, and leaves alone what it cannot follow', () => {
    const b = new GraphBuilder('ties');
    const x = b.input('x', 'float32', ['N', 3, 4, 4]);
    const [left, right] = [convolution(b, x, [6, 3]), convolution(b, x, [6, 3])];
    const sum = b.node('Relu', [b.node('Add', [left, right])]);
    const rolled = b.node('Transpose', [convolution(b, sum, [4, 6])], { perm: ints([0, 3, 1, 2]) });
    b.output(rolled, 'float32', ['N', 4, 4, 4]);
    const groups = channelGroups(b.build());
    expect(groups.map(({ channels, members }) => [channels, members.length])).toEqual([[6, 3]]);
  });

  it('leaves alone weights that two layers share', () => {
    const b = new GraphBuilder('shared');
    const x = b.input('x', 'float32', ['N', 4, 4, 4]);
    const w = b.initializer('w', float32([4, 4, 1, 1], new Float32Array(16)));
    const last = b.initializer('last', float32([2, 4, 1, 1], new Float32Array(8)));
    const y = b.node('Conv', [b.node('Conv', [b.node('Conv', [x, w]), w]), last]);
    b.output(y, 'float32', ['N', 2, 4, 4]);
    expect(channelGroups(b.build())).toEqual([]);
  });
});
