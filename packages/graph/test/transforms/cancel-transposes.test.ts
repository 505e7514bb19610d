import { describe, expect, test } from 'vitest';

import type { Graph } from '@unpair/graph';
import { GraphBuilder, cancelTransposes, float, float32, int, ints, toLogits } from '@unpair/graph';
import { runGraph } from '../support/onnxruntime.js';
import { uniform } from '../support/random.js';

const SHAPE = [2, 3, 4, 5] as const;
const TO_LAST = ints([0, 2, 3, 1]);
const TO_FIRST = ints([0, 3, 1, 2]);

/** A graph that works on [N,H,W,C] in the midst of one on [N,C,H,W]. */
function around(write: (b: GraphBuilder, x: string) => string, shape: readonly number[]): Graph {
  const b = new GraphBuilder('around');
  const x = b.input('x', 'float32', ['N', ...SHAPE.slice(1)]);
  const image = b.node('Transpose', [x], { perm: TO_LAST });
  const result = write(b, image);
  const back = shape.length === 4 ? b.node('Transpose', [result], { perm: TO_FIRST }) : result;
  b.output(b.rename(back, 'y'), 'float32', ['N', ...shape.slice(1)]);
  return b.build();
}

const vector = (b: GraphBuilder, length: number): string =>
  b.initializer('v', float32([length], uniform(length, 3, 0.5, 2)));

type Case = readonly [name: string, write: (b: GraphBuilder, x: string) => string, shape: readonly number[]];

const CASES: readonly Case[] = [
  ['an activation', (b, x) => b.node('LeakyRelu', [x], { alpha: float(0.3) }), SHAPE],
  ['bounds', (b, x) => b.node('Clip', [x, b.scalar(0.1), b.scalar(0.7)]), SHAPE],
  ['a constant of each channel', (b, x) => b.node('Mul', [x, vector(b, 3)]), SHAPE],
  [
    'a constant of each column',
    (b, x) => b.node('Sub', [b.initializer('c', float32([5, 1], uniform(5, 4))), x]),
    SHAPE,
  ],
  ['a slope of each channel', (b, x) => b.node('PRelu', [b.node('Neg', [x]), vector(b, 3)]), SHAPE],
  ['two branches', (b, x) => b.node('Add', [b.node('Relu', [x]), b.node('Sigmoid', [x])]), SHAPE],
  [
    'channel attention',
    (b, x) => b.node('Mul', [x, b.node('ReduceMean', [x], { axes: ints([1, 2]) })]),
    SHAPE,
  ],
  ['a softmax of channels', (b, x) => b.node('Softmax', [x], { axis: int(-1) }), SHAPE],
  [
    'a sum that drops its axes',
    (b, x) => b.node('ReduceSum', [x, b.vector([1, 2])], { keepdims: int(0) }),
    [2, 3],
  ],
  ['concatenation', (b, x) => b.node('Concat', [x, b.node('Neg', [x])], { axis: int(3) }), [2, 6, 4, 5]],
  ['padding', (b, x) => b.node('Pad', [x, b.vector([0, 1, 2, 0, 0, 3, 0, 1])]), [2, 4, 8, 7]],
  [
    'a slice',
    (b, x) => b.node('Slice', [x, b.vector([1, 2]), b.vector([3, 4]), b.vector([1, -2])]),
    [2, 3, 2, 2],
  ],
  [
    'a split',
    (b, x) => b.node('Max', [...b.nodeWithOutputs('Split', [x], 2, { axis: int(1) })]),
    [2, 3, 2, 5],
  ],
  [
    'quantization of each channel',
    (b, x) => {
      const zero = b.initializer('z', { dataType: 'uint8', shape: [3], data: Uint8Array.of(3, 100, 7) });
      const parameters = [b.initializer('s', float32([3], [0.1, 0.2, 0.05])), zero];
      const integers = b.node('QuantizeLinear', [x, ...parameters], { axis: int(3) });
      return b.node('DequantizeLinear', [integers, ...parameters], { axis: int(3) });
    },
    SHAPE,
  ],
  [
    'the end of a classifier',
    (b, x) => {
      const mean = b.node('ReduceMean', [x], { axes: ints([1, 2]) });
      return b.node('Reshape', [mean, b.vector([0, 3])]);
    },
    [2, 3],
  ],
];

async function outputOf(graph: Graph): Promise<Float32Array> {
  const { y } = await runGraph(graph, { x: float32(SHAPE, uniform(120, 1, -1, 1)) });
  return y?.data as Float32Array;
}

const transposes = (graph: Graph): number => graph.nodes.filter(({ op }) => op === 'Transpose').length;

describe('transpositions that undo each other', () => {
  test.each(CASES)('vanish around %s', async (_, write, shape) => {
    const graph = around(write, shape);
    const cancelled = cancelTransposes(graph);
    expect(transposes(cancelled)).toBe(0);
    expect(await outputOf(cancelled)).toEqual(await outputOf(graph));
  });

  test('stay where the order of axes is what counts', async () => {
    const flat = around((b, x) => b.node('Reshape', [x, b.vector([0, 60])]), [2, 60]);
    expect(transposes(cancelTransposes(flat))).toBe(1);
    expect(await outputOf(cancelTransposes(flat))).toEqual(await outputOf(flat));
  });

  test('leave one behind where two axes have changed places for good', async () => {
    const graph = around(
      (b, x) => b.node('Squeeze', [b.node('ReduceMax', [x], { axes: ints([1]) }), b.vector([1])]),
      [2, 5, 3],
    );
    expect(transposes(cancelTransposes(graph))).toBe(1);
    expect(await outputOf(cancelTransposes(graph))).toEqual(await outputOf(graph));
  });

  test('stay where two values meet in different orders', async () => {
    const b = new GraphBuilder('meet');
    const x = b.input('x', 'float32', [3, 3, 3, 3]);
    const turned = b.node('Transpose', [x], { perm: TO_LAST });
    b.output(b.rename(b.node('Sub', [turned, x]), 'y'), 'float32', [3, 3, 3, 3]);
    const graph = b.build();
    const feeds = { x: float32([3, 3, 3, 3], uniform(81, 2)) };
    const [before, after] = await Promise.all([
      runGraph(graph, feeds),
      runGraph(cancelTransposes(graph), feeds),
    ]);
    expect(after).toEqual(before);
    expect(transposes(cancelTransposes(graph))).toBe(1);
  });

  test('vanish where nothing is between them, and the output keeps its name', async () => {
    const graph = around((_, x) => x, SHAPE);
    expect(cancelTransposes(graph).outputs).toEqual(graph.outputs);
    expect(await outputOf(cancelTransposes(graph))).toEqual(uniform(120, 1, -1, 1));
  });
});

test('logits are what goes into a softmax whose probabilities are rounded', () => {
  const b = new GraphBuilder('probabilities');
  const x = b.input('x', 'float32', ['N', 4]);
  const logits = b.node('Neg', [x]);
  const parameters = [
    b.scalar(1 / 256),
    b.initializer('z', { dataType: 'uint8', shape: [], data: Uint8Array.of(0) }),
  ];
  const rounded = b.node('QuantizeLinear', [b.node('Softmax', [logits]), ...parameters]);
  b.output(b.node('DequantizeLinear', [rounded, ...parameters]), 'float32', ['N', 4]);
  const graph = toLogits(b.build());
  expect(graph.outputs).toEqual([{ name: logits, dataType: 'float32', shape: ['N', 4] }]);
  expect(graph.nodes.map(({ op }) => op)).toEqual(['Neg']);
  expect(toLogits(graph)).toEqual(graph);
});
