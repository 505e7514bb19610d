import { intAttribute, intsAttribute } from '../attributes.js';
import type { Dim } from '../graph.js';
import { divideExactly, mayEqual, multiplyDims, productOf } from './dim.js';
import { broadcastShapes } from './elementwise.js';
import { axesOf } from './reduction.js';
import type { Contents, NodeContext, ShapeRule, ShapeRules } from './rule.js';
import {
  dimAt,
  nodeError,
  requireInput,
  requireNumbers,
  requireRank,
  resolveAxis,
  showShape,
  unknownSizes,
} from './rule.js';

const flatten: ShapeRule = (context) => {
  const { node } = context;
  const { dataType, shape } = requireInput(context, 0);
  const axis = intAttribute(node, 'axis', 1);
  const at = axis === shape.length ? axis : resolveAxis(node, axis, Math.max(shape.length, 1));
  return [{ dataType, shape: [productOf(shape.slice(0, at)), productOf(shape.slice(at))] }];
};

const reshape: ShapeRule = (context) => {
  const { dataType, shape } = requireInput(context, 0);
  return [{ dataType, shape: reshaped(context, shape, targetOf(context, 1, 'shape')) }];
};

/** A shape that is written as a value. Where only its length is known, its sizes get names of their own. */
function targetOf(context: NodeContext, index: number, attribute: string): Contents {
  const { node, contents } = context;
  const known = contents[index] ?? intsAttribute(node, attribute);
  if (known !== undefined) return known;
  const length = requireInput(context, index).shape[0];
  if (typeof length !== 'number') {
    throw nodeError(node, 'takes its shape from a value whose length is known only at run time');
  }
  return unknownSizes(node, length);
}

function reshaped({ node }: NodeContext, shape: readonly Dim[], target: Contents): readonly Dim[] {
  const allowZero = intAttribute(node, 'allowzero', 0) === 1;
  const copied = target.map((dim, i) => (dim === 0 && !allowZero ? (shape[i] ?? 0) : dim));
  const holes = copied.filter((dim) => dim === -1).length;
  const total = productOf(shape);
  const rest = productOf(copied.filter((dim) => dim !== -1));
  const complaint = `cannot reshape ${showShape(shape)} to ${showShape(target)}`;
  if (holes > 1 || copied.some((dim) => typeof dim === 'number' && dim < -1))
    throw nodeError(node, complaint);
  if (holes === 0) {
    if (!mayEqual(total, rest)) throw nodeError(node, complaint);
    return copied;
  }
  const missing =
    divideExactly(total, rest) ?? (typeof total === 'string' || typeof rest === 'string' ? null : -1);
  if (missing === -1) throw nodeError(node, complaint);
  return copied.map((dim) => (dim === -1 ? (missing ?? `(${total}/${rest})`) : dim));
}

const transpose: ShapeRule = (context) => {
  const { node } = context;
  const { dataType, shape } = requireInput(context, 0);
  const order = intsAttribute(node, 'perm') ?? [...shape.keys()].reverse();
  if (order.length !== shape.length || new Set(order).size !== order.length) {
    throw nodeError(node, `has perm ${showShape(order)} for an input of shape ${showShape(shape)}`);
  }
  return [{ dataType, shape: order.map((axis) => dimAt(shape, resolveAxis(node, axis, shape.length))) }];
};

const squeeze: ShapeRule = (context) => {
  const { node } = context;
  const { dataType, shape } = requireInput(context, 0);
  const axes = axesOf(context)?.map((axis) => resolveAxis(node, axis, shape.length));
  if (axes?.some((axis) => !mayEqual(dimAt(shape, axis), 1)) === true) {
    throw nodeError(
      node,
      `removes axes ${showShape(axes)} of shape ${showShape(shape)}, which are not of size 1`,
    );
  }
  return [
    { dataType, shape: shape.filter((dim, axis) => (axes === undefined ? dim !== 1 : !axes.includes(axis))) },
  ];
};

const unsqueeze: ShapeRule = (context) => {
  const { node } = context;
  const { dataType, shape } = requireInput(context, 0);
  const axes = axesOf(context) ?? [];
  const rank = shape.length + axes.length;
  const added = new Set(axes.map((axis) => resolveAxis(node, axis, rank)));
  if (added.size !== axes.length) throw nodeError(node, `adds an axis twice: ${showShape(axes)}`);
  const dims = shape.values();
  const next = (): Dim => dims.next().value ?? 1;
  return [{ dataType, shape: Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : next())) }];
};

const expand: ShapeRule = (context) => {
  const { dataType, shape } = requireInput(context, 0);
  return [{ dataType, shape: broadcastShapes(context.node, shape, targetOf(context, 1, 'shape')) }];
};

const tile: ShapeRule = (context) => {
  const { dataType, shape } = requireInput(context, 0);
  const repeats = requireNumbers(context, 1, 'repeats');
  return [{ dataType, shape: shape.map((dim, axis) => multiplyDims(dim, repeats[axis] ?? 1)) }];
};

/** [N,C,H,W] → [N,C/b²,bH,bW]. */
const depthToSpace: ShapeRule = (context) =>
  blocks(context, (block, [n, c, h, w]) => [
    n,
    divideExactly(c, block * block),
    multiplyDims(h, block),
    multiplyDims(w, block),
  ]);

/** [N,C,H,W] → [N,Cb²,H/b,W/b]. */
const spaceToDepth: ShapeRule = (context) =>
  blocks(context, (block, [n, c, h, w]) => [
    n,
    multiplyDims(c, block * block),
    divideExactly(h, block) ?? (typeof h === 'string' ? `(${h}/${block})` : undefined),
    divideExactly(w, block) ?? (typeof w === 'string' ? `(${w}/${block})` : undefined),
  ]);

type FourDims = readonly [Dim, Dim, Dim, Dim];

function blocks(
  context: NodeContext,
  move: (block: number, shape: FourDims) => readonly (Dim | undefined)[],
): ReturnType<ShapeRule> {
  const { node } = context;
  const { dataType, shape } = requireInput(context, 0);
  requireRank(node, shape, 4);
  const block = intAttribute(node, 'blocksize', 0);
  const moved =
    block < 1 ? [undefined] : move(block, [0, 1, 2, 3].map((i) => dimAt(shape, i)) as unknown as FourDims);
  if (!moved.every((dim) => dim !== undefined)) {
    throw nodeError(node, `cannot move blocks of size ${block} of shape ${showShape(shape)}`);
  }
  return [{ dataType, shape: moved }];
}

/** Operators that move elements without changing them. */
export const layoutRules: ShapeRules = {
  Flatten: flatten,
  Reshape: reshape,
  Transpose: transpose,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Expand: expand,
  Tile: tile,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
