import { describe, expect, test } from 'vitest';

import type { Dim, Graph } from '../../src/index.js';
import { GraphBuilder, adaptModel, float32, int, int64, ints, isDifferentiable } from '../../src/index.js';
import { runGraph } from '../support/onnxruntime.js';
import { uniform } from '../support/random.js';

const [SIZE, CLASSES] = [48, 5];
const IMAGES = uniform(3 * SIZE, 7);

interface Shapes {
  readonly input: readonly Dim[];
  readonly output: readonly Dim[];
}

type Layers = (b: GraphBuilder, value: string) => string;

/** A convolution of images [N,3,4,4] to maps [N,8,2,2], and what is behind it. */
function network(behind: Layers, { input, output }: Shapes): Graph {
  const b = new GraphBuilder('net');
  const kernel = b.initializer('k', float32([8, 3, 3, 3], uniform(216, 1, -1, 1)));
  const maps = b.node('Relu', [b.node('Conv', [b.input('x', 'float32', input), kernel])]);
  b.output(b.rename(behind(b, maps), 'y'), 'float32', output);
  return b.build();
}

const weight = (b: GraphBuilder, rows: number, columns = CLASSES): string =>
  b.initializer('w', float32([rows, columns], uniform(rows * columns, rows, -1, 1)));
const reshape = (b: GraphBuilder, value: string, ...sizes: number[]): string =>
  b.node('Reshape', [value, b.vector(sizes)]);
const dense: Layers = (b, value) => b.node('MatMul', [value, weight(b, 32)]);
const pooled: Layers = (b, maps) => {
  const kernel = b.initializer('k', float32([CLASSES, 8, 1, 1], uniform(40, 3, -1, 1)));
  return b.node('Conv', [b.node('GlobalAveragePool', [maps]), kernel]);
};
/** Attention over the four places of two heads, with every size written down. */
const attention =
  (batch: number): Layers =>
  (b, maps) => {
    const tokens = b.node('Transpose', [reshape(b, maps, batch, 8, 4)], { perm: ints([0, 2, 1]) });
    const mixed = reshape(b, b.node('MatMul', [tokens, weight(b, 8, 24)]), batch, 4, 3, 2, 4);
    const parts = b.node('Transpose', [mixed], { perm: ints([2, 0, 3, 1, 4]) });
    const part = (index: number): string => b.node('Gather', [parts, b.initializer('i', int64([], [index]))]);
    const keys = b.node('Transpose', [part(1)], { perm: ints([0, 1, 3, 2]) });
    const weights = b.node('Softmax', [b.node('MatMul', [part(0), keys])]);
    const joined = b.node('Transpose', [b.node('MatMul', [weights, part(2)])], { perm: ints([0, 2, 1, 3]) });
    return dense(b, reshape(b, joined, batch, 32));
  };

const OPEN: Shapes = { input: ['N', 3, 4, 4], output: ['N', CLASSES] };
const ONE: Shapes = { input: [1, 3, 4, 4], output: [1, CLASSES] };

/** Each image's answer by a graph as it is; of graphs for more at a time, with the image in every place. */
async function alone(graph: Graph, name = 'x'): Promise<readonly number[]> {
  const batch = graph.inputs[0]?.shape[0];
  const rows: number[] = [];
  for (let i = 0; i < 3; i++) {
    const image = IMAGES.subarray(i * SIZE, (i + 1) * SIZE);
    const count = typeof batch === 'number' ? batch : 1;
    const many = Float32Array.from({ length: count * SIZE }, (_, at) => image[at % SIZE] ?? 0);
    const results = await runGraph(graph, { [name]: float32([count, 3, 4, 4], many) });
    rows.push(...((results['y'] ?? Object.values(results)[0])?.data as Float32Array).slice(0, CLASSES));
  }
  return rows;
}

async function together(graph: Graph): Promise<readonly number[]> {
  const results = await runGraph(graph, { x: float32([3, 3, 4, 4], IMAGES) });
  return [...((Object.values(results)[0]?.data ?? []) as Float32Array)];
}

describe('a batch that is open after all', () => {
  test.each<[string, Graph]>([
    [
      'an output for one image',
      network((b, x) => dense(b, b.node('Flatten', [x])), { ...OPEN, output: [1, CLASSES] }),
    ],
    [
      'classes without a number',
      network((b, x) => dense(b, b.node('Flatten', [x])), { ...OPEN, output: ['N', 'K'] }),
    ],
    ['a Reshape to [1, 32]', network((b, x) => dense(b, reshape(b, x, 1, 32)), OPEN)],
    ['a Reshape to [1, -1]', network((b, x) => dense(b, reshape(b, x, 1, -1)), OPEN)],
    ['an input for one image', network((b, x) => dense(b, reshape(b, x, 1, -1)), ONE)],
    [
      'an input for four images',
      network((b, x) => dense(b, reshape(b, x, 4, 32)), { input: [4, 3, 4, 4], output: [4, CLASSES] }),
    ],
    [
      'Squeeze of everything',
      network((b, x) => b.node('Squeeze', [pooled(b, x)]), { ...ONE, output: [CLASSES] }),
    ],
    ['Squeeze of everything, an open batch', network((b, x) => b.node('Squeeze', [pooled(b, x)]), OPEN)],
    [
      'Squeeze of the batch',
      network((b, x) => b.node('Squeeze', [pooled(b, x), b.vector([0, 2, -1])]), {
        ...ONE,
        output: [CLASSES],
      }),
    ],
    [
      'Reshape to the classes',
      network((b, x) => reshape(b, pooled(b, x), CLASSES), { ...ONE, output: [CLASSES] }),
    ],
    [
      'Squeeze and Softmax',
      network((b, x) => b.node('LogSoftmax', [b.node('Squeeze', [b.node('Identity', [pooled(b, x)])])]), {
        ...ONE,
        output: [CLASSES],
      }),
    ],
    ['attention for one image', network(attention(1), ONE)],
    ['attention for two images', network(attention(2), { input: [2, 3, 4, 4], output: [2, CLASSES] })],
    ['attention for one image, an open batch', network(attention(1), OPEN)],
  ])('%s', async (name, graph) => {
    const adapted = adaptModel(graph);
    expect(adapted.inputs[0]?.shape).toEqual(['N', 3, 4, 4]);
    expect(adapted.outputs[0]?.shape).toEqual(['N', CLASSES]);
    expect(isDifferentiable(adapted)).toEqual({ ok: true });
    if (name !== 'Squeeze and Softmax') expect(await alone(adapted)).toEqual(await alone(graph));
    expect(await together(adapted)).toEqual(await alone(adapted));
    expect(adaptModel(adapted)).toBe(adapted);
  });

  test('all sizes open: those of the images tell the classes', () => {
    const input = ['a', 'b', 'c', 'd'];
    const graph = network((b, x) => dense(b, b.node('Flatten', [x])), { input, output: ['a', 'K'] });
    const adapted = adaptModel(graph, {}, [3, 4, 4]);
    expect(adapted.inputs[0]?.shape).toEqual(['a', 3, 4, 4]);
    expect(adapted.outputs[0]?.shape).toEqual(['a', CLASSES]);
  });

  test('what says all this already is left alone', () => {
    const graph = network((b, x) => dense(b, b.node('Flatten', [x])), {
      ...OPEN,
      output: ['batch', CLASSES],
    });
    expect(adaptModel(graph)).toBe(graph);
  });
});

describe('a batch of one where rows would meet, or cannot be followed', () => {
  const mean: Layers = (b, x) => {
    const flat = b.node('Flatten', [x]);
    return dense(b, b.node('Sub', [flat, b.node('ReduceMean', [flat], { axes: ints([0]) })]));
  };
  const total: Layers = (b, x) =>
    dense(b, b.node('Div', [b.node('Flatten', [x]), b.node('ReduceMax', [x], { keepdims: int(0) })]));
  const moved: Layers = (b, x) => {
    const swapped = b.node('Transpose', [reshape(b, x, 1, 8, 4)], { perm: ints([1, 0, 2]) });
    return dense(b, reshape(b, swapped, 1, 32));
  };
  const vector: Layers = (b, x) => b.node('Softmax', [dense(b, reshape(b, x, 32))], { axis: int(0) });
  const rounded: Layers = (b, x) => {
    const [q = '', scale = '', zero = ''] = b.nodeWithOutputs('DynamicQuantizeLinear', [x], 3);
    return dense(b, b.node('Flatten', [b.node('DequantizeLinear', [q, scale, zero])]));
  };

  test.each<[string, Layers]>([
    ['a mean over the batch', mean],
    ['a maximum of everything', total],
    ['a batch that is moved and reshaped', moved],
    ['rounding by the range of everything', rounded],
    ['a Softmax over a vector', vector],
  ])('%s', async (_, layers) => {
    const isVector = layers === vector;
    const graph = network(layers, { ...ONE, output: isVector ? [CLASSES] : [1, CLASSES] });
    const adapted = adaptModel(graph);
    expect(adapted.inputs[0]?.shape[0]).toBe(1);
    expect(adapted.outputs[0]?.shape).toEqual([1, CLASSES]);
    if (!isVector) expect(await alone(adapted)).toEqual(await alone(graph));
  });

  test('beside an open batch', () => {
    const graph = network(vector, { ...OPEN, output: [CLASSES] });
    const adapted = adaptModel(graph);
    expect([adapted.inputs[0]?.shape, adapted.outputs[0]?.shape]).toEqual([
      [1, 3, 4, 4],
      [1, CLASSES],
    ]);
  });
});
