import type { Dim } from '../../graph.js';
import { int } from '../../graph.js';
import type { InputAdjoints, Pullback, RuleTable } from '../rule.js';

/** Matrix products. */
export const matrixRules: RuleTable = { Gemm: gemm, MatMul: matMul };

/** Y = alpha·A'·B' + beta·C, where ' is an optional transposition. */
function gemm(p: Pullback): InputAdjoints {
  const { emit } = p;
  const [alpha, beta] = [p.float('alpha', 1), p.float('beta', 1)];
  const [transA, transB] = [p.int('transA', 0), p.int('transB', 0)];
  const scaled = alpha === 1 || !(p.wants(0) || p.wants(1)) ? p.dy : emit.scale(p.dy, alpha);
  const product = (a: string, b: string, flipA: number, flipB: number): string =>
    emit.op('Gemm', [a, b], { transA: int(flipA), transB: int(flipB) });
  const [a, b] = [p.input(0), p.input(1)];
  return [
    p.when(0, () =>
      transA === 1 ? product(b, scaled, transB, 1) : product(scaled, b, 0, transB === 1 ? 0 : 1),
    ),
    p.when(1, () =>
      transB === 1 ? product(scaled, a, 1, transA) : product(a, scaled, transA === 1 ? 0 : 1, 0),
    ),
    p.when(2, () => p.unbroadcast(2, emit.scale(p.dy, beta))),
  ];
}

/**
 * Batched product: dA = dY·Bᵀ and dB = Aᵀ·dY, summed over the batch axes that were broadcast. A vector on either
 * side is treated as the matrix with one row or column that it stands for.
 */
function matMul(p: Pullback): InputAdjoints {
  const { emit } = p;
  const [a, b] = [asMatrix(p, 0), asMatrix(p, 1)];
  const batch = p.outputShape.slice(0, p.outputShape.length - matrixAxes(p));
  const full: readonly Dim[] = [...batch, a.shape.at(-2) ?? 1, b.shape.at(-1) ?? 1];
  const dy = full.length === p.outputShape.length ? p.dy : emit.reshape(p.dy, writeShape(full));
  return [
    p.when(0, () => {
      const adjoint = emit.op('MatMul', [dy, swapLast(p, b)]);
      return restore(p, 0, adjoint, [...batch, ...a.shape.slice(-2)], a.shape);
    }),
    p.when(1, () => {
      const adjoint = emit.op('MatMul', [swapLast(p, a), dy]);
      return restore(p, 1, adjoint, [...batch, ...b.shape.slice(-2)], b.shape);
    }),
  ];
}

interface Operand {
  readonly value: string;
  readonly shape: readonly Dim[];
}

function asMatrix(p: Pullback, index: number): Operand {
  const value = p.input(index);
  const shape = p.shape(index);
  if (shape.length > 1) return { value, shape };
  const matrix: readonly Dim[] = index === 0 ? [1, ...shape] : [...shape, 1];
  return { value: p.emit.reshape(value, writeShape(matrix)), shape: matrix };
}

/** How many of the output's axes belong to the matrices: a vector operand leaves out its own. */
function matrixAxes(p: Pullback): number {
  return (p.shape(0).length > 1 ? 1 : 0) + (p.shape(1).length > 1 ? 1 : 0);
}

function swapLast(p: Pullback, { value, shape }: Operand): string {
  const axes = shape.map((_, axis) => axis);
  return p.emit.transpose(value, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
}

function restore(
  p: Pullback,
  index: number,
  adjoint: string,
  from: readonly Dim[],
  to: readonly Dim[],
): string {
  const summed = p.emit.reduceToShape(adjoint, from, to);
  return p.shape(index).length > 1 ? summed : p.emit.reshapeLike(summed, p.input(index));
}

function writeShape(shape: readonly Dim[]): readonly number[] {
  return shape.map((dim) => (typeof dim === 'number' ? dim : -1));
}
