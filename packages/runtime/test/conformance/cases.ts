import type { GraphBuilder, Tensor, Tensors } from '@unpair/graph';
import { float, float32, int, int64, ints } from '@unpair/graph';
import type { ConvShape } from './reference.js';
import { conv, map, matMul, overPixels, overRows, pattern, sum, zip } from './reference.js';

/** One operator over small feeds, with the answer worked out in plain JavaScript. */
export interface OperatorCase {
  readonly name: string;
  readonly feeds: Tensors;
  /** Adds the operator to a graph whose inputs are the feeds; returns the value to compare. */
  readonly build: (graph: GraphBuilder) => string;
  readonly expected: Tensor;
}

const x = pattern([2, 3, 5, 5], 1);
const y = pattern([2, 3, 5, 5], 2);
const rows = pattern([3, 7], 3);

const unary = (op: string, f: (value: number) => number, feed = x): OperatorCase => ({
  name: op,
  feeds: { x: feed },
  build: (graph) => graph.node(op, ['x']),
  expected: map(feed, f),
});

const binary = (op: string, f: (a: number, b: number) => number): OperatorCase => ({
  name: op,
  feeds: { x, y },
  build: (graph) => graph.node(op, ['x', 'y']),
  expected: zip(x, y, f),
});

const positive = map(x, (value) => Math.abs(value) + 0.1);

const elementwise: readonly OperatorCase[] = [
  unary('Relu', (value) => Math.max(value, 0)),
  unary('Sigmoid', (value) => 1 / (1 + Math.exp(-value))),
  unary('Tanh', Math.tanh),
  unary('Exp', Math.exp),
  unary('Log', Math.log, positive),
  unary('Sqrt', Math.sqrt, positive),
  unary('Abs', Math.abs),
  unary('Neg', (value) => -value),
  unary('HardSwish', (value) => (value * Math.min(Math.max(value + 3, 0), 6)) / 6),
  binary('Add', (a, b) => a + b),
  binary('Sub', (a, b) => a - b),
  binary('Mul', (a, b) => a * b),
  binary('Div', (a, b) => a / b),
  {
    name: 'Add broadcasts over channels',
    feeds: { x, bias: float32([3, 1, 1], [1, 2, 3]) },
    build: (graph) => graph.node('Add', ['x', 'bias']),
    expected: float32(
      x.shape,
      x.data.map((value, index) => value + (Math.floor(index / 25) % 3) + 1),
    ),
  },
  {
    name: 'Clip',
    feeds: { x },
    build: (graph) => graph.node('Clip', ['x', graph.scalar(-0.25), graph.scalar(0.5)]),
    expected: map(x, (value) => Math.min(Math.max(value, -0.25), 0.5)),
  },
  {
    name: 'Where and Greater',
    feeds: { x, y },
    build: (graph) => graph.node('Where', [graph.node('Greater', ['x', 'y']), 'x', 'y']),
    expected: zip(x, y, Math.max),
  },
];

const softmax = (row: readonly number[]): readonly number[] => {
  const exponentials = row.map(Math.exp);
  return exponentials.map((value) => value / sum(exponentials));
};

const reductions: readonly OperatorCase[] = [
  {
    name: 'GlobalAveragePool',
    feeds: { x },
    build: (graph) => graph.node('GlobalAveragePool', ['x']),
    expected: overPixels(x, (values) => sum(values) / values.length),
  },
  {
    name: 'MaxPool over everything',
    feeds: { x },
    build: (graph) => graph.node('MaxPool', ['x'], { kernel_shape: ints([5, 5]) }),
    expected: overPixels(x, (values) => Math.max(...values)),
  },
  {
    name: 'ReduceSum',
    feeds: { x },
    build: (graph) => graph.node('ReduceSum', ['x', graph.vector([2, 3])], { keepdims: int(1) }),
    expected: overPixels(x, sum),
  },
  {
    name: 'Softmax',
    feeds: { x: rows },
    build: (graph) => graph.node('Softmax', ['x'], { axis: int(-1) }),
    expected: overRows(rows, softmax),
  },
  {
    name: 'LogSoftmax',
    feeds: { x: rows },
    build: (graph) => graph.node('LogSoftmax', ['x'], { axis: int(-1) }),
    expected: overRows(rows, (row) => softmax(row).map(Math.log)),
  },
];

const left = pattern([4, 6], 4);
const right = pattern([6, 5], 5);

const matrices: readonly OperatorCase[] = [
  {
    name: 'MatMul',
    feeds: { left, right },
    build: (graph) => graph.node('MatMul', ['left', 'right']),
    expected: matMul(left, right),
  },
  {
    name: 'Gemm with bias and scale',
    feeds: { left, right, bias: float32([5], [1, 2, 3, 4, 5]) },
    build: (graph) => graph.node('Gemm', ['left', 'right', 'bias'], { alpha: float(0.5) }),
    expected: float32(
      [4, 5],
      matMul(left, right).data.map((value, index) => value / 2 + (index % 5) + 1),
    ),
  },
];

/** A convolution whose weights are a constant or, as in training, fed at run time. */
function convolution(
  name: string,
  shapes: { readonly input: readonly number[]; readonly weight: readonly number[] },
  options: ConvShape,
  weights: 'constant' | 'fed',
): OperatorCase {
  const input = pattern(shapes.input, 6);
  const weight = pattern(shapes.weight, 7);
  const { stride = 1, pad = 0, dilation = 1, group = 1 } = options;
  const attributes = {
    kernel_shape: ints(shapes.weight.slice(2)),
    strides: ints([stride, stride]),
    pads: ints([pad, pad, pad, pad]),
    dilations: ints([dilation, dilation]),
    group: int(group),
  };
  return {
    name: `Conv ${name}, ${weights} weights`,
    feeds: weights === 'fed' ? { input, weight } : { input },
    build: (graph) => {
      const name = weights === 'fed' ? 'weight' : graph.initializer('weight', weight);
      return graph.node('Conv', ['input', name], attributes);
    },
    expected: conv(input, weight, options),
  };
}

const wideDepthwise = { input: [2, 16, 6, 6], weight: [16, 1, 3, 3] };
const wide = { input: [2, 32, 6, 6], weight: [16, 32, 3, 3] };

const convolutions: readonly OperatorCase[] = (['constant', 'fed'] as const).flatMap((weights) => [
  convolution('3×3', { input: [2, 3, 6, 5], weight: [4, 3, 3, 3] }, { pad: 1 }, weights),
  convolution('3×3, 32 to 16 channels', wide, { pad: 1 }, weights),
  convolution('3×3, 32 to 16 channels, stride 2', wide, { pad: 1, stride: 2 }, weights),
  convolution('1×1', { input: [2, 16, 4, 4], weight: [32, 16, 1, 1] }, { stride: 2 }, weights),
  convolution('dilated', { input: [1, 2, 9, 9], weight: [3, 2, 3, 3] }, { dilation: 2 }, weights),
  convolution('depthwise', { input: [2, 4, 6, 6], weight: [4, 1, 3, 3] }, { group: 4, pad: 1 }, weights),
  convolution('depthwise, 16 channels', wideDepthwise, { group: 16, pad: 1 }, weights),
  convolution('depthwise, 16 channels, stride 2', wideDepthwise, { group: 16, stride: 2 }, weights),
  // The weight adjoint of a depthwise convolution: as large a filter as its image, and hardly padded.
  convolution(
    'depthwise, of the image’s size',
    { input: [1, 32, 6, 5], weight: [32, 1, 6, 5] },
    { group: 32, pad: 1 },
    weights,
  ),
]);

const layout: readonly OperatorCase[] = [
  {
    name: 'Transpose',
    feeds: { left },
    build: (graph) => graph.node('Transpose', ['left'], { perm: ints([1, 0]) }),
    expected: float32(
      [6, 4],
      Array.from({ length: 24 }, (_, index) => left.data[(index % 4) * 6 + Math.floor(index / 4)] ?? 0),
    ),
  },
  {
    name: 'Gather of rows',
    feeds: { left },
    build: (graph) => graph.node('Gather', ['left', graph.vector([2, 0])], { axis: int(0) }),
    expected: float32([2, 6], [...left.data.subarray(12, 18), ...left.data.subarray(0, 6)]),
  },
  {
    name: 'Pad',
    feeds: { v: float32([1, 2], [1, 2]) },
    build: (graph) => graph.node('Pad', ['v', graph.vector([0, 1, 1, 0])]),
    expected: float32([2, 3], [0, 1, 2, 0, 0, 0]),
  },
  {
    name: 'Concat and Slice',
    feeds: { left },
    build: (graph) => {
      const part = graph.node('Slice', ['left', graph.vector([1]), graph.vector([3]), graph.vector([1])]);
      return graph.node('Concat', [part, part], { axis: int(1) });
    },
    expected: float32(
      [4, 4],
      Array.from({ length: 16 }, (_, index) => left.data[Math.floor(index / 4) * 6 + 1 + (index % 2)] ?? 0),
    ),
  },
  {
    name: 'QuantizeLinear and DequantizeLinear',
    feeds: { v: float32([5], [-10, -0.26, 0, 0.24, 10]) },
    build: (graph) => {
      const scale = graph.scalar(0.25);
      const zero = graph.initializer('zero', { dataType: 'int8', shape: [], data: Int8Array.of(3) });
      const quantized = graph.node('QuantizeLinear', ['v', scale, zero]);
      return graph.node('DequantizeLinear', [quantized, scale, zero]);
    },
    expected: float32([5], [-10, -0.25, 0, 0.25, 10]),
  },
  {
    name: 'ArgMax gives int64',
    feeds: { v: float32([2, 3], [1, 3, 2, 9, 0, 1]) },
    build: (graph) => graph.node('ArgMax', ['v'], { axis: int(1), keepdims: int(0) }),
    expected: int64([2], [1, 0]),
  },
];

/** What every runtime has to get right, to single precision. */
export const OPERATOR_CASES: readonly OperatorCase[] = [
  ...elementwise,
  ...reductions,
  ...matrices,
  ...convolutions,
  ...layout,
];
