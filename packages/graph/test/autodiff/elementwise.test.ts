import { float, int } from '@unpair/graph';
import { describe, it } from 'vitest';
import { checkGradient, graphOf } from './support/check-gradient.js';

const signed = { low: -2, high: 2 };
const positive = { low: 0.3, high: 3 };

describe('functions of one value', () => {
  it.each([
    ['Identity', signed],
    ['Neg', signed],
    ['Abs', signed],
    ['Exp', signed],
    ['Log', positive],
    ['Sqrt', positive],
    ['Reciprocal', positive],
    ['Sin', signed],
    ['Cos', signed],
    ['Erf', signed],
    ['Relu', signed],
    ['Elu', signed],
    ['Softplus', signed],
    ['Sigmoid', signed],
    ['Tanh', signed],
    ['HardSwish', { low: -5, high: 4.7 }],
    ['HardSigmoid', { low: -4, high: 4 }],
    ['LeakyRelu', signed],
    ['Dropout', signed],
  ])('%s', async (op, range) => {
    for (const shape of [[7], [3, 4], [2, 3, 4, 5]]) {
      const x = { shape, ...range };
      const graph = graphOf({ x }, (b) => b.node(op, ['x']), shape);
      await checkGradient(graph, { x }, { step: 1e-3, tolerance: 3e-2 });
    }
  });

  it.each([
    ['LeakyRelu', { alpha: float(0.3) }],
    ['Elu', { alpha: float(0.7) }],
    ['HardSigmoid', { alpha: float(0.4), beta: float(0.3) }],
    ['Softmax', { axis: int(-1) }],
    ['Softmax', { axis: int(1) }],
    ['LogSoftmax', { axis: int(-1) }],
    ['LogSoftmax', { axis: int(0) }],
    ['Cast', { to: int(1) }],
  ])('%s %j', async (op, attributes) => {
    const x = { shape: [3, 4, 5], low: -2, high: 2 };
    await checkGradient(
      graphOf({ x }, (b) => b.node(op, ['x'], attributes), x.shape),
      { x },
      { step: 1e-3, tolerance: 3e-2 },
    );
  });

  it.each([
    [-1, 0.5],
    [undefined, 0.5],
    [0, undefined],
  ])('Clip to %s … %s', async (low, high) => {
    const x = { shape: [4, 9] };
    const graph = graphOf(
      { x },
      (b) =>
        b.node('Clip', [
          'x',
          low === undefined ? '' : b.scalar(low),
          high === undefined ? '' : b.scalar(high),
        ]),
      x.shape,
    );
    await checkGradient(graph, { x }, { step: 1e-3 });
  });
});

describe('functions of several values, broadcast', () => {
  const shapes: (readonly [readonly number[], readonly number[]])[] = [
    [
      [2, 3, 4],
      [2, 3, 4],
    ],
    [[2, 3, 4], [4]],
    [[2, 3, 4], []],
    [
      [3, 1],
      [2, 3, 4],
    ],
    [
      [2, 1, 4],
      [1, 3, 1],
    ],
  ];
  it.each(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min', 'PRelu'])('%s', async (op) => {
    for (const [first, second] of shapes) {
      if (op === 'PRelu' && second.length > first.length) continue;
      const a = { shape: first, low: op === 'Pow' ? 0.5 : -2, high: 2 };
      const b = { shape: second, low: op === 'Div' ? 0.5 : -1, high: 2 };
      if (
        op === 'PRelu' &&
        second.some((dim, axis) => dim !== 1 && first[axis + first.length - second.length] === 1)
      ) {
        continue;
      }
      const graph = graphOf({ a, b }, (builder) => builder.node(op, ['a', 'b']), [2, 3, 4]);
      await checkGradient(graph, { a, b }, { step: 1e-3, tolerance: 3e-2 });
    }
  });

  it.each(['Sum', 'Mean', 'Max', 'Min'])('%s of three', async (op) => {
    const [a, b, c] = [{ shape: [2, 3] }, { shape: [3] }, { shape: [2, 1] }];
    await checkGradient(
      graphOf({ a, b, c }, (builder) => builder.node(op, ['a', 'b', 'c']), [2, 3]),
      { a, b, c },
      { step: 1e-3 },
    );
  });

  it.each([1, 2, 3, -1, 0.5])('Pow with constant exponent %s', async (exponent) => {
    const x = { shape: [3, 5], low: 0.5, high: 2 };
    await checkGradient(
      graphOf({ x }, (b) => b.node('Pow', ['x', b.scalar(exponent)]), x.shape),
      { x },
      { step: 1e-3 },
    );
  });

  it('Where', async () => {
    const [a, b] = [{ shape: [2, 3] }, { shape: [3] }];
    const graph = graphOf(
      { a, b },
      (g) => g.node('Where', [g.node('Greater', ['a', g.scalar(0)]), 'a', 'b']),
      [2, 3],
    );
    await checkGradient(graph, { a, b }, { step: 1e-3 });
  });

  it('Expand', async () => {
    const x = { shape: [3, 1] };
    await checkGradient(
      graphOf({ x }, (b) => b.node('Expand', ['x', b.vector([2, 3, 4])]), [2, 3, 4]),
      { x },
    );
  });
});
