import type { Graph } from '@unpair/graph';
import {
  GraphBuilder,
  float32,
  gradient,
  gradientName,
  int,
  ints,
  isDifferentiable,
  lossAndInputGradient,
  straightThrough,
} from '@unpair/graph';
import { describe, expect, it } from 'vitest';
import { runGraph } from '../support/onnxruntime.js';

const [FLOAT, UINT8, INT32] = [1, 2, 6].map((to) => ({ to: int(to) }));
const SHAPE = [2, 3];
const X = float32(SHAPE, [0.3, 2.6, -1.2, 0.9, -0.4, 7.1]);

type Layers = (b: GraphBuilder, x: string) => string;

/** y = 3·layers(x). */
function tripled(layers: Layers): Graph {
  const b = new GraphBuilder('tripled');
  const x = b.input('x', 'float32', SHAPE);
  b.output(b.rename(b.node('Mul', [layers(b, x), b.scalar(3)]), 'y'), 'float32', SHAPE);
  return b.build();
}

async function slopes(graph: Graph): Promise<readonly number[]> {
  const derivative = gradient(graph, { of: 'y', wrt: ['x'], through: straightThrough(graph) });
  return Array.from((await runGraph(derivative, { x: X }))[gradientName('y', 'x')]?.data as Float32Array);
}

const cast =
  (to: typeof FLOAT): Layers =>
  (b, x) =>
    b.node('Cast', [x], to);
const toInt = cast(INT32);
const toFloat = cast(FLOAT);

describe('steps of a model', () => {
  it.each<[string, Layers]>([
    ...['Round', 'Floor', 'Ceil', 'Sign'].map((op): [string, Layers] => [op, (b, x) => b.node(op, [x])]),
    ['integers and back', (b, x) => toFloat(b, toInt(b, x))],
    [
      'Round, bytes that are moved, and back',
      (b, x) => {
        const bytes = cast(UINT8)(b, b.node('Round', [x]));
        const moved = b.node('Transpose', [b.node('Reshape', [bytes, b.vector([3, 2])])], {
          perm: ints([1, 0]),
        });
        return toFloat(b, b.node('Identity', [moved]));
      },
    ],
    [
      'the detached error of rounding',
      (b, x) => b.node('Add', [x, b.node('Sub', [b.node('Round', [x]), x])]),
    ],
  ])('are passed straight through: %s', async (_, layers) => {
    const graph = tripled(layers);
    expect(isDifferentiable(graph)).toEqual({ ok: true });
    expect(await slopes(graph)).toEqual([3, 3, 3, 3, 3, 3]);
  });

  it.each<[string, Layers]>([
    ['Floor', (b, x) => b.node('Sub', [x, b.node('Floor', [x])])],
    ['Sign', (b, x) => b.node('Mul', [b.node('Sign', [x]), b.node('Abs', [x])])],
    ['integers', (b, x) => b.node('Sub', [x, toFloat(b, toInt(b, b.node('Floor', [x])))])],
  ])('stay steps where what is left beside them is used: %s', async (_, layers) => {
    expect(await slopes(tripled(layers))).toEqual([3, 3, 3, 3, 3, 3]);
  });

  it('are steps for whoever does not ask to pass them', async () => {
    const graph = tripled((b, x) => b.node('Round', [x]));
    const derivative = gradient(graph, { of: 'y', wrt: ['x'] });
    expect((await runGraph(derivative, { x: X }))['d_y/d_x']?.data).toEqual(new Float32Array(6));
  });

  it('pass no derivative to what integers are used for beside becoming floats', async () => {
    const graph = tripled((b, x) => {
      const index = toInt(b, x);
      const table = b.initializer('table', float32([8], [1, 2, 3, 4, 5, 6, 7, 8]));
      const positive = b.node('Max', [
        index,
        b.initializer('zero', { dataType: 'int32', shape: [], data: Int32Array.of(0) }),
      ]);
      return b.node('Mul', [toFloat(b, index), b.node('Gather', [table, positive])]);
    });
    expect(await slopes(graph)).toEqual([3, 9, 3, 3, 3, 24]);
  });

  it('of the loss are none of the model', () => {
    const b = new GraphBuilder('plain');
    b.output(
      b.node('MatMul', [
        b.input('x', 'float32', ['N', 3]),
        b.initializer('w', float32([3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9])),
      ]),
      'float32',
      ['N', 3],
    );
    const graph = b.build();
    expect(straightThrough(graph).steps.size).toBe(0);
    const made = lossAndInputGradient(graph, 'cross-entropy');
    expect(straightThrough(made.graph).steps.size).toBeGreaterThan(0);
  });
});
