import type { Graph } from '@unpair/graph';
import { GraphBuilder, ModelError, float, float32, interpolateWeights } from '@unpair/graph';
import { describe, expect, it } from 'vitest';
import { runGraph } from '../support/onnxruntime.js';

interface Network {
  readonly weights?: readonly number[];
  readonly columns?: number;
  readonly slope?: number;
  readonly target?: readonly number[];
  readonly prefix?: string;
  /** Whether one matrix is used twice. */
  readonly isShared?: boolean;
}

/** x·W, then a leaky rectifier, times a second matrix, reshaped; the constants in an order that `prefix` changes. */
function network({
  weights = [1, 2, 3, 4],
  columns = 2,
  slope = 0.1,
  target = [-1],
  prefix = 'a',
  isShared = false,
}: Network = {}): Graph {
  const b = new GraphBuilder(`network-${prefix}`);
  const x = b.input('x', 'float32', [1, 2]);
  const shape = b.vector(target);
  const second = float32([columns, 2], [7, 8, 9, 10, 11, 12].slice(0, 2 * columns));
  const last = prefix === 'a' ? b.initializer('late', second) : '';
  const first = b.initializer(prefix, float32([2, columns], weights));
  const hidden = b.node('LeakyRelu', [b.node('MatMul', [x, first])], { alpha: float(slope) });
  const matrix = isShared ? first : last || b.initializer('last', second);
  const y = b.node('Reshape', [b.node('MatMul', [hidden, matrix]), shape]);
  b.output(y, 'float32', [2]);
  return b.build();
}

const weightsOf = (graph: Graph): number[] => {
  const [, name = ''] = graph.nodes[0]?.inputs ?? [];
  return [...(graph.initializers.get(name)?.data ?? [])].map(Number);
};

describe('interpolateWeights', () => {
  it('mixes the weights at the same place, whatever their names and order', async () => {
    const [own, other] = [network(), network({ weights: [5, 2, -5, 8], prefix: 'b' })];
    const mixed = interpolateWeights(own, other, 0.25);
    expect(weightsOf(mixed)).toEqual([2, 2, 1, 5]);
    expect(mixed.nodes).toEqual(own.nodes);
    const feeds = { x: float32([1, 2], [1, 1]) };
    const { [mixed.outputs[0]?.name ?? '']: y } = await runGraph(mixed, feeds);
    // [3, 7] times [[7, 8], [9, 10]].
    expect([...(y?.data ?? [])]).toEqual([84, 94]);
  });

  it('is the one or the other at the ends, and leaves both as they were', () => {
    const [own, other] = [network(), network({ weights: [0.1, 0.2, 0.3, 0.7], prefix: 'b' })];
    expect(interpolateWeights(own, other, 0)).toEqual(own);
    expect(weightsOf(interpolateWeights(own, other, 1))).toEqual(weightsOf(other));
    expect(weightsOf(own)).toEqual([1, 2, 3, 4]);
  });

  it.each<[string, Network, string]>([
    ['another attribute', { slope: 0.2 }, '(LeakyRelu)'],
    ['weights of another shape', { columns: 3, weights: [1, 2, 3, 4, 5, 6] }, 'float32[2,2] is float32[3,2]'],
    ['another constant', { target: [2] }, 'int64[1] [-1] is int64[1] [2]'],
  ])('refuses %s', (_, difference, where) => {
    const [own, other] = [network(), network({ prefix: 'b', ...difference })];
    for (const mix of [
      () => interpolateWeights(own, other, 0.5),
      () => interpolateWeights(other, own, 0.5),
    ]) {
      expect(mix).toThrow(ModelError);
      expect(mix).toThrow('interpolate a model and one that was fine-tuned from it');
    }
    expect(() => interpolateWeights(own, other, 0.5)).toThrow(where);
  });

  it('refuses weights where the other has none, or computes them', () => {
    const convolution = (bias: 'constant' | 'absent' | 'computed'): Graph => {
      const b = new GraphBuilder('convolution');
      const x = b.input('x', 'float32', [1, 1, 2, 2]);
      const filter = b.initializer('filter', float32([1, 1, 1, 1], [1]));
      const biases = {
        constant: () => b.initializer('bias', float32([1], [1])),
        absent: () => '',
        computed: () => b.node('ReduceMean', [x]),
      };
      const y = b.node('Conv', [x, filter, biases[bias]()]);
      b.output(y, 'float32', [1, 1, 2, 2]);
      return b.build();
    };
    const own = convolution('constant');
    expect(interpolateWeights(own, convolution('constant'), 1)).toEqual(own);
    for (const other of [convolution('absent'), convolution('computed')]) {
      expect(() => interpolateWeights(own, other, 0.5)).toThrow('are not the same network');
      expect(() => interpolateWeights(other, own, 0.5)).toThrow('are not the same network');
    }
  });

  it('mixes a matrix that is used twice with one, not with two that differ', () => {
    const [once, twice] = [network({ isShared: true, prefix: 'b' }), network()];
    expect(weightsOf(interpolateWeights(twice, once, 1))).toEqual([1, 2, 3, 4]);
    expect(() => interpolateWeights(once, twice, 0.5)).toThrow('is both');
    const equal = network({ weights: [7, 8, 9, 10] });
    expect(weightsOf(interpolateWeights(once, equal, 1))).toEqual([7, 8, 9, 10]);
  });
});
