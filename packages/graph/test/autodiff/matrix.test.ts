import { float, int } from '@unpair/graph';
import { describe, it } from 'vitest';
import { checkGradient, graphOf } from './support/check-gradient.js';

describe('Gemm', () => {
  for (const transA of [0, 1]) {
    for (const transB of [0, 1]) {
      it(`transA ${transA}, transB ${transB}`, async () => {
        const a = { shape: transA === 1 ? [4, 3] : [3, 4] };
        const b = { shape: transB === 1 ? [5, 4] : [4, 5] };
        const c = { shape: transA === transB ? [5] : [3, 1] };
        const attributes = { transA: int(transA), transB: int(transB), alpha: float(0.7), beta: float(1.3) };
        const graph = graphOf({ a, b, c }, (g) => g.node('Gemm', ['a', 'b', 'c'], attributes), [3, 5]);
        await checkGradient(graph, { a, b, c });
      });
    }
  }
});

describe('MatMul', () => {
  it.each([
    [
      [3, 4],
      [4, 5],
    ],
    [
      [2, 3, 4],
      [2, 4, 5],
    ],
    [
      [2, 3, 4],
      [4, 5],
    ],
    [
      [3, 4],
      [2, 4, 5],
    ],
    [
      [2, 1, 3, 4],
      [5, 4, 2],
    ],
    [[4], [4]],
    [[4], [4, 5]],
    [[3, 4], [4]],
    [[4], [2, 4, 5]],
    [[2, 3, 4], [4]],
  ])('%j × %j', async (first, second) => {
    const [a, b] = [{ shape: first }, { shape: second }];
    const graph = graphOf({ a, b }, (g) => g.node('MatMul', ['a', 'b']), []);
    await checkGradient(graph, { a, b });
  });
});
