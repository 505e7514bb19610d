import { intAttribute } from '../attributes.js';
import type { Dim } from '../graph.js';
import { mayEqual } from './dim.js';
import { einsum } from './einsum.js';
import { broadcastShapes } from './elementwise.js';
import type { ShapeRule, ShapeRules } from './rule.js';
import { dimAt, nodeError, requireInput, showShape } from './rule.js';

const gemm: ShapeRule = (context) => {
  const { node } = context;
  const [a, b] = [requireInput(context, 0), requireInput(context, 1)];
  if (a.shape.length !== 2 || b.shape.length !== 2) {
    throw nodeError(node, `multiplies ${showShape(a.shape)} by ${showShape(b.shape)}, expected two matrices`);
  }
  const [rows, inner] = transposed(a.shape, intAttribute(node, 'transA', 0));
  const [other, columns] = transposed(b.shape, intAttribute(node, 'transB', 0));
  if (!mayEqual(inner, other)) {
    throw nodeError(node, `cannot multiply shapes ${showShape(a.shape)} and ${showShape(b.shape)}`);
  }
  return [{ dataType: a.dataType, shape: [rows, columns] }];
};

function transposed(shape: readonly Dim[], flag: number): readonly [Dim, Dim] {
  const [rows, columns] = [dimAt(shape, 0), dimAt(shape, 1)];
  return flag === 0 ? [rows, columns] : [columns, rows];
}

/** NumPy's matmul: vectors get a dimension that is dropped again, the dimensions before the last two broadcast. */
const matMul: ShapeRule = (context) => {
  const { node } = context;
  const [a, b] = [requireInput(context, 0), requireInput(context, 1)];
  if (a.shape.length === 0 || b.shape.length === 0) throw nodeError(node, 'cannot multiply a scalar');
  const left = a.shape.length === 1 ? [1, ...a.shape] : a.shape;
  const right = b.shape.length === 1 ? [...b.shape, 1] : b.shape;
  if (!mayEqual(dimAt(left, left.length - 1), dimAt(right, right.length - 2))) {
    throw nodeError(node, `cannot multiply shapes ${showShape(a.shape)} and ${showShape(b.shape)}`);
  }
  const shape = [
    ...broadcastShapes(node, left.slice(0, -2), right.slice(0, -2)),
    ...(a.shape.length === 1 ? [] : [dimAt(left, left.length - 2)]),
    ...(b.shape.length === 1 ? [] : [dimAt(right, right.length - 1)]),
  ];
  return [{ dataType: a.dataType, shape }];
};

/** Matrix products. */
export const matrixRules: ShapeRules = { Gemm: gemm, MatMul: matMul, Einsum: einsum };
