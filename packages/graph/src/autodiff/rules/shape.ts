import { int, string } from '../../graph.js';
import type { GradientRule, InputAdjoints, Pullback, RuleTable } from '../rule.js';
import { fromFront } from '../rule.js';
import { padAxis, slicePiece } from './selection.js';

/** The elements stay in order: the adjoint only takes the input's shape. */
const reshaped: GradientRule = (p) => [p.emit.reshapeLike(p.dy, p.x)];

/** Operators that move elements about without changing them. */
export const shapeRules: RuleTable = {
  Flatten: reshaped,
  Reshape: reshaped,
  Squeeze: reshaped,
  Unsqueeze: reshaped,
  Transpose: (p) => {
    const rank = p.outputShape.length;
    const permutation = p.ints('perm') ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
    const inverse = permutation.map((_, axis) => permutation.indexOf(axis));
    return [p.emit.transpose(p.dy, inverse)];
  },
  Concat: concat,
  Split: split,
  DepthToSpace: (p) => [depthToSpace(p)],
  SpaceToDepth: (p) => [
    p.emit.op('DepthToSpace', [p.dy], { blocksize: int(p.int('blocksize', 1)), mode: string('DCR') }),
  ],
};

function concat(p: Pullback): InputAdjoints {
  const axis = fromFront(p.int('axis', 0), p.outputShape.length);
  const sizes = p.sizes(p.node.inputs.map((_, index) => p.shape(index)[axis] ?? 1));
  let start = 0;
  return sizes.map((size, index) => {
    const piece = p.when(index, () => slicePiece(p.emit, p.dy, axis, start, start + size));
    start += size;
    return piece;
  });
}

function split(p: Pullback): InputAdjoints {
  const axis = fromFront(p.int('axis', 0), p.shape(0).length);
  const adjoints = p.node.outputs.map((_, index) => p.adjointOf(index));
  if (!adjoints.includes(undefined)) {
    return [
      p.emit.op(
        'Concat',
        adjoints.filter((name) => name !== undefined),
        { axis: int(axis) },
      ),
    ];
  }
  const sizes = p.sizes(p.node.outputs.map((name) => p.emit.shapeOf(name)[axis] ?? 1));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let start = 0;
  const padded = sizes.flatMap((size, index) => {
    const adjoint = adjoints[index];
    const before = start;
    start += size;
    if (adjoint === undefined) return [];
    return [padAxis(p.emit, adjoint, p.shape(0).length, axis, before, total - start)];
  });
  return [padded.reduce((sum, piece) => p.emit.add(sum, piece))];
}

/** SpaceToDepth is the inverse of the DCR order; the CRD order is written out. */
function depthToSpace(p: Pullback): string {
  const { emit, dy } = p;
  const block = p.int('blocksize', 1);
  if (p.string('mode', 'DCR') === 'DCR') return emit.op('SpaceToDepth', [dy], { blocksize: int(block) });
  const [, channels = 1, height = 1, width = 1] = p.sizes([1, ...p.shape(0).slice(1)]);
  const cut = emit.reshape(dy, [-1, channels / block ** 2, height, block, width, block]);
  return emit.reshape(emit.transpose(cut, [0, 1, 3, 5, 2, 4]), [-1, channels, height, width]);
}
