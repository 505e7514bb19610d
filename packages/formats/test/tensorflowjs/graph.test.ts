import { isDifferentiable } from '@unpair/graph';
import { describe, expect, test } from 'vitest';

import { uniform } from '../../../graph/test/support/random.js';
import { decode, distance, run } from './decoded.js';
import { GraphDef, attr } from './graph-def.js';
import type { SavedModel } from './tensorflow.js';
import { loadGraphModel, predict, tf } from './tensorflow.js';

/** Distance between what TensorFlow.js makes of a graph model and what our graph does. */
async function agreement(saved: SavedModel, shape: readonly number[], low = -1): Promise<number> {
  const data = uniform(
    shape.reduce((product, dim) => product * dim, 1),
    41,
    low,
    1,
  );
  const { modelTopology, weightsManifest, signature } = saved.json as {
    modelTopology: object;
    weightsManifest: { weights: tf.io.WeightsManifestEntry[] }[];
    signature: object;
  };
  const weightData = Uint8Array.from([...saved.shards.values()].flatMap((shard) => [...shard])).buffer;
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  const model = await loadGraphModel(
    tf.io.fromMemory({ modelTopology, weightSpecs, weightData, signature, format: 'graph-model' }),
  );
  return distance(await run(decode(saved), data, shape), predict(model, data, shape));
}

const IMAGE = [2, 7, 6, 4];
const NHWC = { data_format: attr.s('NHWC'), dilations: attr.ints(1, 1, 1, 1) };
const SAME = { strides: attr.ints(1, 2, 2, 1), padding: attr.s('SAME'), ...NHWC };
const VALID = { strides: attr.ints(1, 1, 1, 1), padding: attr.s('VALID'), ...NHWC };
const POOL = { ...SAME, ksize: attr.ints(1, 3, 3, 1) };

/** Adds the operator under test behind the image `x`; returns the name of its output. */
type Body = (graph: GraphDef) => string;

const kernel = (graph: GraphDef, ...shape: readonly number[]): string =>
  graph.constant(
    'kernel',
    shape,
    uniform(
      shape.reduce((product, dim) => product * dim, 1),
      7,
      -0.5,
      0.5,
    ),
  );
const list = (graph: GraphDef, name: string, size: number, low = -0.5): string =>
  graph.constant(name, [size], uniform(size, name.length, low, 1.5));

const convolutions: Readonly<Record<string, Body>> = {
  'Conv2D, same': (g) => g.node('y', 'Conv2D', ['x', kernel(g, 3, 3, 4, 5)], SAME),
  'Conv2D, dilated': (g) =>
    g.node('y', 'Conv2D', ['x', kernel(g, 2, 2, 4, 5)], { ...VALID, dilations: attr.ints(1, 2, 2, 1) }),
  'Conv2D, explicit padding': (g) =>
    g.node('y', 'Conv2D', ['x', kernel(g, 3, 3, 4, 5)], {
      ...VALID,
      padding: attr.s('EXPLICIT'),
      explicit_paddings: attr.ints(0, 0, 1, 0, 2, 1, 0, 0),
    }),
  _FusedConv2D: (g) =>
    g.node('y', '_FusedConv2D', ['x', kernel(g, 3, 3, 4, 5), list(g, 'bias', 5)], {
      ...SAME,
      num_args: attr.i(1),
      fused_ops: attr.texts('BiasAdd', 'Relu6'),
    }),
  '_FusedConv2D, leaky': (g) =>
    g.node('y', '_FusedConv2D', ['x', kernel(g, 1, 1, 4, 5), list(g, 'bias', 5)], {
      ...VALID,
      num_args: attr.i(1),
      fused_ops: attr.texts('BiasAdd', 'LeakyRelu'),
      leakyrelu_alpha: attr.f(0.3),
    }),
  DepthwiseConv2dNative: (g) => g.node('y', 'DepthwiseConv2dNative', ['x', kernel(g, 3, 3, 4, 2)], SAME),
  FusedDepthwiseConv2dNative: (g) =>
    g.node('y', 'FusedDepthwiseConv2dNative', ['x', kernel(g, 3, 3, 4, 1), list(g, 'bias', 4)], {
      ...SAME,
      num_args: attr.i(1),
      fused_ops: attr.texts('BiasAdd', 'Relu'),
    }),
  Conv2DBackpropInput: (g) => {
    const sizes = g.integers('sizes', [2, 14, 12, 3]);
    return g.node('y', 'Conv2DBackpropInput', [sizes, kernel(g, 3, 3, 3, 4), 'x'], SAME);
  },
  MaxPool: (g) => g.node('y', 'MaxPool', ['x'], POOL),
  AvgPool: (g) => g.node('y', 'AvgPool', ['x'], POOL),
  FusedBatchNormV3: (g) =>
    g.node(
      'y',
      'FusedBatchNormV3',
      ['x', list(g, 'scale', 4), list(g, 'offset', 4), list(g, 'mean', 4), list(g, 'variance', 4, 0.5)],
      { epsilon: attr.f(0.01), is_training: attr.b(false), data_format: attr.s('NHWC') },
    ),
};

const conv = (g: GraphDef): string => g.node('conv', 'Conv2D', ['x', kernel(g, 1, 1, 4, 4)], VALID);

const others: Readonly<Record<string, Body>> = {
  BiasAdd: (g) => g.node('y', 'BiasAdd', [conv(g), list(g, 'bias', 4)], { data_format: attr.s('NHWC') }),
  'AddV2 of images': (g) => g.node('y', 'AddV2', [conv(g), 'x']),
  'Mul by a list': (g) => g.node('y', 'Mul', [conv(g), list(g, 'factor', 4)]),
  'Sub from a scalar': (g) => g.node('y', 'Sub', [g.constant('one', [], [1]), conv(g)]),
  RealDiv: (g) => g.node('y', 'RealDiv', ['x', list(g, 'divisor', 4, 0.5)]),
  Maximum: (g) => g.node('y', 'Maximum', ['x', list(g, 'bound', 4)]),
  Minimum: (g) => g.node('y', 'Minimum', [conv(g), 'x']),
  SquaredDifference: (g) => g.node('y', 'SquaredDifference', [conv(g), 'x']),
  'Mean over rows and columns': (g) =>
    g.node('y', 'Mean', [conv(g), g.integers('axes', [1, 2])], { keep_dims: attr.b(false) }),
  'Mean over channels': (g) =>
    g.node('y', 'Mean', [conv(g), g.integers('axes', [-1])], { keep_dims: attr.b(true) }),
  Max: (g) => g.node('y', 'Max', [conv(g), g.integers('axes', [2, 1])], { keep_dims: attr.b(true) }),
  Pad: (g) => g.node('y', 'Pad', [conv(g), g.integers('pads', [0, 0, 1, 2, 0, 3, 0, 0], [4, 2])]),
  PadV2: (g) =>
    g.node('y', 'PadV2', [
      conv(g),
      g.integers('pads', [0, 0, 1, 2, 0, 3, 1, 0], [4, 2]),
      g.constant('border', [], [0.5]),
    ]),
  MirrorPad: (g) =>
    g.node('y', 'MirrorPad', [conv(g), g.integers('pads', [0, 0, 1, 2, 0, 3, 0, 0], [4, 2])], {
      mode: attr.s('REFLECT'),
    }),
  ConcatV2: (g) => g.node('y', 'ConcatV2', [conv(g), 'x', g.integers('axis', [3], [])], { N: attr.i(2) }),
  Transpose: (g) => g.node('y', 'Transpose', [conv(g), g.integers('order', [0, 3, 1, 2])]),
  Squeeze: (g) => {
    const pooled = g.node('m', 'Mean', [conv(g), g.integers('axes', [1, 2])], { keep_dims: attr.b(true) });
    return g.node('y', 'Squeeze', [pooled], { squeeze_dims: attr.ints(1, 2) });
  },
  ExpandDims: (g) => g.node('y', 'ExpandDims', ['x', g.integers('axis', [1], [])]),
  'Reshape by its own shape': (g) => {
    const shape = g.node('shape', 'Shape', [conv(g)]);
    const [zero, one] = [g.integers('zero', [0]), g.integers('one', [1])];
    const batch = g.node('batch', 'StridedSlice', [shape, zero, one, one], { shrink_axis_mask: attr.i(1) });
    const packed = g.node('packed', 'Pack', [batch, g.integers('rest', [-1], [])], {
      N: attr.i(2),
      axis: attr.i(0),
    });
    return g.node('y', 'Reshape', ['conv', packed]);
  },
  'StridedSlice by steps': (g) =>
    g.node(
      'y',
      'StridedSlice',
      [conv(g), g.integers('b', [0, 1, -4, 0]), g.integers('e', [0, 6, 0, 3]), g.integers('s', [1, 2, 1, 1])],
      { begin_mask: attr.i(1), end_mask: attr.i(5) },
    ),
  'StridedSlice of one channel': (g) =>
    g.node(
      'y',
      'StridedSlice',
      [conv(g), g.integers('b', [0, 1, -4, 2]), g.integers('e', [0, 6, 0, 3]), g.integers('s', [1, 1, 1, 1])],
      { begin_mask: attr.i(1), end_mask: attr.i(5), shrink_axis_mask: attr.i(8) },
    ),
  ResizeBilinear: (g) =>
    g.node('y', 'ResizeBilinear', [conv(g), g.integers('size', [9, 5])], { align_corners: attr.b(false) }),
  'ResizeBilinear, corners': (g) =>
    g.node('y', 'ResizeBilinear', ['x', g.integers('size', [11, 9])], { align_corners: attr.b(true) }),
  'ResizeBilinear, centres': (g) =>
    g.node('y', 'ResizeBilinear', ['x', g.integers('size', [14, 12])], { half_pixel_centers: attr.b(true) }),
  ResizeNearestNeighbor: (g) =>
    g.node('y', 'ResizeNearestNeighbor', ['x', g.integers('size', [14, 9])], {
      align_corners: attr.b(false),
    }),
  ClipByValue: (g) =>
    g.node('y', 'ClipByValue', [conv(g), g.constant('low', [], [-0.2]), g.constant('high', [], [0.3])]),
  LeakyRelu: (g) => g.node('y', 'LeakyRelu', ['x'], { alpha: attr.f(0.1) }),
  Prelu: (g) => g.node('y', 'Prelu', [conv(g), list(g, 'alpha', 4)]),
};

const unary = [
  'Relu',
  'Relu6',
  'Elu',
  'Selu',
  'Sigmoid',
  'Tanh',
  'Softplus',
  'Softmax',
  'Erf',
  'Exp',
  'Neg',
  'Abs',
  'Square',
  'Identity',
];

function imageModel(body: Body): SavedModel {
  const graph = new GraphDef();
  graph.placeholder('x', [-1, ...IMAGE.slice(1)]);
  return graph.save(body(graph), 301);
}

describe('an operator gives what TensorFlow.js gives', () => {
  test.each(Object.entries({ ...convolutions, ...others }))('%s', async (_, body) => {
    expect(await agreement(imageModel(body), IMAGE)).toBeLessThan(2e-6);
  });

  test.each(unary)('%s', async (op) => {
    expect(
      await agreement(
        imageModel((g) => g.node('y', op, ['x'])),
        IMAGE,
      ),
    ).toBeLessThan(2e-6);
  });

  test.each(['Sqrt', 'Rsqrt', 'Log', 'Reciprocal'])('%s', async (op) => {
    expect(
      await agreement(
        imageModel((g) => g.node('y', op, ['x'])),
        IMAGE,
        0.5,
      ),
    ).toBeLessThan(2e-6);
  });

  test.each([false, true])('MatMul, transposed %s, and what is fused behind it', async (transposed) => {
    const graph = new GraphDef();
    graph.placeholder('x', [-1, 6]);
    const weights = kernel(graph, ...(transposed ? [5, 6] : [6, 5]));
    const product = graph.node('m', 'MatMul', ['x', weights], { transpose_b: attr.b(transposed) });
    const square = graph.constant('square', [5, 5], uniform(25, 3, -1, 1));
    const output = graph.node('y', '_FusedMatMul', [product, square, list(graph, 'bias', 5)], {
      num_args: attr.i(1),
      fused_ops: attr.texts('BiasAdd', 'Relu'),
    });
    expect(await agreement(graph.save(output), [3, 6])).toBeLessThan(2e-6);
  });
});

test('a whole classifier gives what TensorFlow.js gives, and can be differentiated', async () => {
  const graph = new GraphDef();
  const input = graph.placeholder('x', [-1, 8, 8, 3]);
  const stem = graph.node(
    'stem',
    '_FusedConv2D',
    [input, kernel(graph, 3, 3, 3, 4), list(graph, 'bias', 4)],
    { ...SAME, num_args: attr.i(1), fused_ops: attr.texts('BiasAdd', 'Relu6') },
  );
  const scaled = graph.node('scaled', 'Mul', [stem, list(graph, 'scale', 4)]);
  const sum = graph.node('sum', 'AddV2', [scaled, stem]);
  const pooled = graph.node('pooled', 'Mean', [sum, graph.integers('axes', [1, 2])], {});
  const dense = graph.constant('dense', [4, 3], uniform(12, 9, -1, 1));
  const logits = graph.node('logits', 'MatMul', [pooled, dense]);
  const saved = graph.save(graph.node('probabilities', 'Softmax', [logits]));
  const decoded = decode(saved);
  expect(decoded.inputs.map(({ shape }) => shape)).toEqual([['N', 8, 8, 3]]);
  expect(decoded.nodes.filter(({ op }) => op === 'Transpose')).toHaveLength(1);
  expect(isDifferentiable(decoded)).toEqual({ ok: true });
  expect(await agreement(saved, [3, 8, 8, 3])).toBeLessThan(2e-6);
});
