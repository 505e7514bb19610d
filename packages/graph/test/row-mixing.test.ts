import type { Dim, Graph } from '@unpair/graph';
import { GraphBuilder, float32, int, ints, rowMixing } from '@unpair/graph';
import { describe, expect, it } from 'vitest';

type Build = (b: GraphBuilder, x: string) => string;

/** A graph over images [N, 4, 6, 6]. */
function graphOf(build: Build, batch: Dim = 'N'): Graph {
  const b = new GraphBuilder('graph', 18);
  b.output(b.rename(build(b, b.input('x', 'float32', [batch, 4, 6, 6])), 'y'), 'float32', []);
  return b.build();
}

const moments = (b: GraphBuilder): readonly string[] =>
  ['scale', 'bias', 'mean', 'variance'].map((name) => b.initializer(name, float32([4], [1, 1, 1, 1])));

const MIXING: readonly (readonly [op: string, build: Build])[] = [
  ['DynamicQuantizeLinear', (b, x) => b.nodeWithOutputs('DynamicQuantizeLinear', [x], 3)[0] ?? ''],
  ['ReduceMean', (b, x) => b.node('ReduceMean', [x, b.vector([0, 2, 3])])],
  ['ReduceMax', (b, x) => b.node('ReduceMax', [x])],
  ['ReduceSum', (b, x) => b.node('ReduceSum', [b.node('Reshape', [x, b.vector([-1, 6])]), b.vector([-2])])],
  ['Softmax', (b, x) => b.node('Softmax', [b.node('Transpose', [x], { perm: ints([1, 2, 3, 0]) })])],
  ['CumSum', (b, x) => b.node('CumSum', [x, b.vector([0])])],
  ['ArgMax', (b, x) => b.node('ArgMax', [x])],
  ['MeanVarianceNormalization', (b, x) => b.node('MeanVarianceNormalization', [x])],
  [
    'BatchNormalization',
    (b, x) =>
      b.nodeWithOutputs('BatchNormalization', [x, ...moments(b)], 3, { training_mode: int(1) })[0] ?? '',
  ],
];

const ROW_WISE: readonly (readonly [what: string, build: Build])[] = [
  ['statistics of an image', (b, x) => b.node('ReduceMean', [x, b.vector([1, 2, 3])])],
  ['shares of its channels', (b, x) => b.node('Softmax', [x], { axis: int(1) })],
  ['tokens of all images', (b, x) => b.node('Softmax', [b.node('Reshape', [x, b.vector([-1, 6])])])],
  ['nothing reduced', (b, x) => b.node('ReduceSum', [x], { noop_with_empty_axes: int(1) })],
  ['stored moments', (b, x) => b.node('BatchNormalization', [x, ...moments(b)])],
];

describe('rowMixing', () => {
  it.each(MIXING)('names the node with %s over the batch', (op, build) => {
    expect(rowMixing(graphOf(build))).toMatch(
      new RegExp(`^node ".+" \\(${op}\\) computes over the images of a batch together$`),
    );
  });

  it.each(ROW_WISE)('finds nothing in %s', (_, build) => {
    expect(rowMixing(graphOf(build))).toBeUndefined();
  });

  it('has nothing to say where the batch is of one size, or shapes do not fit', () => {
    expect(rowMixing(graphOf((b, x) => b.node('ReduceMax', [x]), 1))).toBeUndefined();
    expect(rowMixing(graphOf((b, x) => b.node('NoSuchOperator', [x])))).toBeUndefined();
  });
});
