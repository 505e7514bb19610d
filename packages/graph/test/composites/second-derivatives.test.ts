import type { Graph } from '@unpair/graph';
import { GraphBuilder, float, gradient, gradientName, int, ints, string } from '@unpair/graph';
import { describe, it } from 'vitest';
import { checkGradient } from '../autodiff/support/check-gradient.js';

type Write = (b: GraphBuilder) => string;

const cases: readonly (readonly [string, number, readonly number[], Write])[] = [
  ['Gelu', 20, [2, 5], (b) => b.node('Gelu', ['x'])],
  ['Mish', 18, [2, 5], (b) => b.node('Mish', ['x'])],
  [
    'LayerNormalization',
    17,
    [2, 3, 6],
    (b) =>
      b.node('LayerNormalization', [
        'x',
        b.initializer('s', { dataType: 'float32', shape: [6], data: Float32Array.of(1, 2, 1, 2, 1, 3) }),
      ]),
  ],
  ['LRN', 17, [2, 5, 2, 2], (b) => b.node('LRN', ['x'], { size: int(3), alpha: float(0.3) })],
  ['Einsum', 17, [2, 3, 4], (b) => b.node('Einsum', ['x', 'x'], { equation: string('bij,bkj->bik') })],
  [
    'Resize',
    17,
    [1, 2, 3, 4],
    (b) => b.node('Resize', ['x', '', '', b.vector([1, 2, 5, 3])], { mode: string('linear') }),
  ],
  ['LpPool', 17, [1, 2, 4, 4], (b) => b.node('LpPool', ['x'], { kernel_shape: ints([2, 2]) })],
];

/** d(Σ y²)/dx, as the graph's only output. */
function derivative(opset: number, shape: readonly number[], write: Write): Graph {
  const b = new GraphBuilder('once', opset);
  b.input('x', 'float32', shape);
  const y = write(b);
  b.rename(b.node('ReduceSum', [b.node('Mul', [y, y])], { keepdims: int(0) }), 'energy');
  b.output('energy', 'float32', []);
  const once = gradient(b.build(), { of: 'energy', wrt: ['x'], keepOutputs: false });
  return { ...once, outputs: once.outputs.filter(({ name }) => name === gradientName('energy', 'x')) };
}

describe('derivatives of composite operators can be differentiated again', () => {
  it.each(cases)('%s of operator set %i', async (_, opset, shape, write) => {
    const x = { shape, low: 0.2, high: 2 };
    await checkGradient(derivative(opset, shape, write), { x }, { step: 1e-3, tolerance: 3e-2 });
  });
});
