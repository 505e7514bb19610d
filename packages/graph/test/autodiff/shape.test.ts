import type { GraphBuilder } from '@unpair/graph';
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
