import type { GraphBuilder, Tensor } from '@unpair/graph';
import { int, int64, ints, string } from '@unpair/graph';
import { describe, it } from 'vitest';
import { checkGradient, graphOf } from './support/check-gradient.js';

type Write = (b: GraphBuilder) => string;

const x = { shape: [2, 8, 4, 6] };

const cases: readonly (readonly [string, Write])[] = [
  ['Flatten', (b) => b.node('Flatten', ['x'], { axis: int(2) })],
  ['Reshape', (b) => b.node('Reshape', ['x', b.vector([0, -1, 3])])],
  ['Transpose', (b) => b.node('Transpose', ['x'], { perm: ints([2, 0, 3, 1]) })],
  ['Transpose reversed', (b) => b.node('Transpose', ['x'])],
  [
    'Unsqueeze, Squeeze',
    (b) => b.node('Squeeze', [b.node('Unsqueeze', ['x', b.vector([0, 3])]), b.vector([0])]),
  ],
  ['Concat', (b) => b.node('Concat', ['x', b.node('Neg', ['x']), 'x'], { axis: int(-2) })],
  ['Split, all used', (b) => splitSum(b, [0, 1, 2])],
  ['Split, one used', (b) => splitSum(b, [1])],
  ['DepthToSpace DCR', (b) => b.node('DepthToSpace', ['x'], { blocksize: int(2), mode: string('DCR') })],
  ['DepthToSpace CRD', (b) => b.node('DepthToSpace', ['x'], { blocksize: int(2), mode: string('CRD') })],
  ['SpaceToDepth', (b) => b.node('SpaceToDepth', ['x'], { blocksize: int(2) })],
  ['Slice', (b) => b.node('Slice', ['x', b.vector([1, -5]), b.vector([3, -1]), b.vector([2, 1])])],
  ['Slice with steps', (b) => slice(b, [1, 5], [4, 0], [2, 3], [2, -2])],
  ['Slice reversed', (b) => slice(b, [-1], [-100], [1], [-1])],
  ['Slice beyond the end', (b) => slice(b, [2], [2 ** 31 - 1], [3], [1])],
  ['Pad', (b) => b.node('Pad', ['x', b.vector([0, 1, 2, 0, 0, 0, 1, 3])])],
  ['Pad that crops', (b) => b.node('Pad', ['x', b.vector([0, -1, 1, 0, 0, 2, -1, -2])])],
  ['Gather', (b) => b.node('Gather', ['x', b.initializer('i', int64([3], [3, 0, 1]))], { axis: int(3) })],
  [
    'Gather with repeats',
    (b) => b.node('Gather', ['x', b.initializer('i', int64([2, 2], [3, 0, -1, 3]))], { axis: int(1) }),
  ],
  ['Gather of one', (b) => b.node('Gather', ['x', b.initializer('i', int64([], [2]))], { axis: int(2) })],
  [
    'Gather by computed indices',
    (b) => b.node('Gather', ['x', computed(b, int64([2, 3], [3, 0, -1, 3, 2, 2]))], { axis: int(1) }),
  ],
  [
    'GatherElements',
    (b) => {
      const indices = int64(
        [2, 3, 4, 2],
        Array.from({ length: 48 }, (_, i) => ((i * 5) % 12) - 6),
      );
      return b.node('GatherElements', ['x', b.initializer('i', indices)], { axis: int(3) });
    },
  ],
  [
    'GatherElements by computed indices',
    (b) => {
      const indices = int64(
        [2, 3, 4, 6],
        Array.from({ length: 144 }, (_, i) => (i * 7) % 8),
      );
      return b.node('GatherElements', ['x', computed(b, indices)], { axis: int(1) });
    },
  ],
  [
    'ScatterElements',
    (b) => {
      const updates = b.node('Slice', ['x', b.vector([0]), b.vector([2]), b.vector([1])]);
      const places = int64(
        [2, 2, 4, 6],
        Array.from({ length: 96 }, (_, i) => (i < 48 ? 5 : 2) + (i % 2)),
      );
      const rows = int64(
        [2, 2, 4, 6],
        Array.from({ length: 96 }, (_, i) => (Math.floor(i / 24) % 2) * 4 + 1),
      );
      const once = b.node('ScatterElements', ['x', b.initializer('i', rows), updates], { axis: int(1) });
      return b.node('Add', [once, b.node('GatherElements', ['x', widened(b, places)], { axis: int(1) })]);
    },
  ],
  [
    'ScatterND',
    (b) => {
      const updates = b.node('Mul', [
        b.node('Slice', ['x', b.vector([3]), b.vector([6]), b.vector([1])]),
        b.scalar(-2),
      ]);
      const rows = b.node('Reshape', [updates, b.vector([2, 3, 4, 6])]);
      const places = int64([2, 3, 2], [0, 1, 0, -1, 0, 4, 1, 2, 1, 0, 1, 7]);
      return b.node('ScatterND', ['x', b.initializer('i', places), rows]);
    },
  ],
  ['CumSum', (b) => b.node('CumSum', ['x', b.initializer('axis', int64([], [1]))])],
  [
    'CumSum, exclusive and reversed',
    (b) =>
      b.node('CumSum', ['x', b.initializer('axis', int64([], [-1]))], { exclusive: int(1), reverse: int(1) }),
  ],
  ['TopK', (b) => b.nodeWithOutputs('TopK', ['x', b.vector([3])], 2)[0] ?? ''],
  ['ReduceSum over some axes', (b) => b.node('ReduceSum', ['x', b.vector([1, -1])], { keepdims: int(0) })],
  ['ReduceSum over all', (b) => b.node('ReduceSum', ['x'])],
  ['ReduceMean', (b) => b.node('ReduceMean', ['x'], { axes: ints([2, 3]), keepdims: int(1) })],
  ['ReduceMean, dropped', (b) => b.node('ReduceMean', ['x'], { axes: ints([0, 2]), keepdims: int(0) })],
  ['ReduceMax', (b) => b.node('ReduceMax', ['x'], { axes: ints([1]), keepdims: int(0) })],
  ['ReduceMin', (b) => b.node('ReduceMin', ['x'], { axes: ints([1, 2]) })],
  ['ReduceL2', (b) => b.node('ReduceL2', ['x'], { axes: ints([1, 2, 3]), keepdims: int(0) })],
  ['ReduceL1', (b) => b.node('ReduceL1', ['x'], { axes: ints([1]) })],
  ['ReduceSumSquare', (b) => b.node('ReduceSumSquare', ['x'], { axes: ints([3]), keepdims: int(0) })],
];

/** Indices that follow from x only at run time, although they are always these. */
function computed(b: GraphBuilder, indices: Tensor): string {
  const sum = b.node('ReduceSum', [b.node('Sign', [b.node('Abs', ['x'])])], { keepdims: int(0) });
  const none = b.node('Cast', [b.node('Mul', [sum, b.scalar(0)])], { to: int(7) });
  return b.node('Add', [b.initializer('i', indices), none]);
}

/** Indices [2,2,4,6] for all eight rows. */
function widened(b: GraphBuilder, indices: Tensor): string {
  const name = b.initializer('i', indices);
  return b.node('Concat', [name, name, name, name], { axis: int(1) });
}

/** The used pieces of a split, each scaled differently so that mixing them up shows. */
function splitSum(b: GraphBuilder, used: readonly number[]): string {
  const attributes = { axis: int(1) };
  const pieces = b.nodeWithOutputs('Split', ['x', b.vector([3, 3, 2])], 3, attributes);
  const scaled = used.map((index) => b.node('Mul', [pieces[index] ?? '', b.scalar(index + 2)]));
  return b.node('Concat', scaled, { axis: int(1) });
}

function slice(b: GraphBuilder, ...settings: readonly (readonly number[])[]): string {
  return b.node('Slice', ['x', ...settings.map((values) => b.vector(values))]);
}

describe('operators that move, select or reduce', () => {
  it.each(cases)('%s', async (_, write) => {
    await checkGradient(graphOf({ x }, write, []), { x }, { step: 1e-3 });
  });
});
