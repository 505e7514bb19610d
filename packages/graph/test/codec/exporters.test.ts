import type { Graph, Tensor } from '@unpair/graph';
import {
  decodeModel,
  encodeModel,
  float32,
  foldConstants,
  int64,
  isDifferentiable,
  lossAndInputGradient,
} from '@unpair/graph';
import { describe, expect, it } from 'vitest';
import { encodeAttribute } from '../../src/codec/attribute.js';
import { encodeTensor } from '../../src/codec/tensor.js';
import { serializeModel } from '../../src/codec/wire.js';
import { checkGradient } from '../autodiff/support/check-gradient.js';
import { runGraph } from '../support/onnxruntime.js';
import { uniform } from '../support/random.js';

type WireAttributes = Readonly<
  Record<string, number | string | readonly number[] | { readonly ref: string; readonly type: number }>
>;

/** A node as the wire format holds it. */
function node(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attributes: WireAttributes = {},
  domain = '',
): object {
  return { opType, input, output, domain, attribute: Object.entries(attributes).map(attribute) };
}

function attribute([name, value]: readonly [string, WireAttributes[string]]): object {
  if (typeof value === 'string') return encodeAttribute(name, { kind: 'string', value });
  if (typeof value === 'number') {
    return encodeAttribute(name, Number.isInteger(value) ? { kind: 'int', value } : { kind: 'float', value });
  }
  if ('ref' in value) return { name, type: value.type, refAttrName: value.ref };
  return encodeAttribute(name, { kind: 'ints', value });
}

const type = (...shape: readonly (number | string)[]): object => ({
  tensorType: {
    elemType: 1,
    shape: { dim: shape.map((dim) => (typeof dim === 'number' ? { dimValue: dim } : { dimParam: dim })) },
  },
});
const random = (shape: readonly number[], seed: number): Tensor =>
  float32(
    shape,
    uniform(
      shape.reduce((product, dim) => product * dim, 1),
      seed,
      -0.5,
      0.5,
    ),
  );
const vector = (...values: readonly number[]): Tensor => int64([values.length], values);
const constants = (tensors: Readonly<Record<string, Tensor>>): readonly object[] =>
  Object.entries(tensors).map(([name, tensor]) => encodeTensor(tensor, name));

/** What tf2onnx writes for a Keras MobileNet: NHWC outside, transpositions, Relu6 as Min and Max, shapes as chains. */
const tf2onnx = serializeModel({
  irVersion: 8,
  producerName: 'tf2onnx',
  opsetImport: [
    { domain: '', version: 13 },
    { domain: 'ai.onnx.ml', version: 2 },
  ],
  graph: {
    name: 'tf2onnx',
    input: [{ name: 'input_1', type: type('unk__100', 8, 8, 3) }],
    output: [{ name: 'predictions', type: type('unk__101', 5) }],
    initializer: constants({
      w1: random([6, 3, 3, 3], 1),
      b1: random([6], 2),
      w2: random([6, 1, 3, 3], 3),
      w3: random([5, 24], 4),
      b3: random([5], 5),
      six: float32([], [6]),
      zero: float32([], [0]),
      half: float32([], [0.5]),
      pads: vector(0, 0, 1, 1, 0, 0, 1, 1),
      start: vector(0),
      end: vector(1),
      rest: vector(-1),
      flipped: vector(1, 0),
    }),
    node: [
      node('Transpose', ['input_1'], ['nchw'], { perm: [0, 3, 1, 2] }),
      node('Sub', ['nchw', 'half'], ['scaled']),
      node('Pad', ['scaled', 'pads'], ['padded'], { mode: 'constant' }),
      node('Conv', ['padded', 'w1', 'b1'], ['c1'], {
        strides: [2, 2],
        kernel_shape: [3, 3],
        group: 1,
        auto_pad: 'VALID',
      }),
      node('Min', ['c1', 'six'], ['m1']),
      node('Max', ['m1', 'zero'], ['a1']),
      node('Conv', ['a1', 'w2'], ['c2'], {
        group: 6,
        kernel_shape: [3, 3],
        strides: [1, 1],
        auto_pad: 'SAME_UPPER',
      }),
      node('Softplus', ['c2'], ['s2']),
      node('Tanh', ['s2'], ['t2']),
      node('Mul', ['c2', 't2'], ['a2']),
      node('MaxPool', ['a2'], ['p2'], { kernel_shape: [2, 2], strides: [2, 2] }),
      node('Transpose', ['p2'], ['nhwc'], { perm: [0, 2, 3, 1] }),
      node('Shape', ['nhwc'], ['shape']),
      node('Cast', ['shape'], ['shape32'], { to: 6 }),
      node('Slice', ['shape32', 'start', 'end'], ['batch']),
      node('Cast', ['batch'], ['batch64'], { to: 7 }),
      node('Concat', ['batch64', 'rest'], ['target'], { axis: 0 }),
      node('Reshape', ['nhwc', 'target'], ['flat']),
      node('Transpose', ['w3'], ['w3t'], { perm: [1, 0] }),
      node('MatMul', ['flat', 'w3t'], ['product']),
      node('Add', ['product', 'b3'], ['logits']),
      node('Softmax', ['logits'], ['predictions'], { axis: -1 }),
    ],
  },
});

/** What torch.onnx.export(dynamo=True) writes: operator set 18, local functions of onnxscript's torch_lib. */
function dynamo(scale = 'aten_scale'): Uint8Array {
  const lib = 'pkg.onnxscript.torch_lib';
  const opsetImport = [
    { domain: '', version: 18 },
    { domain: lib, version: 1 },
  ];
  return serializeModel({
    irVersion: 8,
    producerName: 'pytorch',
    opsetImport,
    functions: [
      {
        name: 'aten_layer_norm',
        domain: lib,
        input: ['x', 'weight', 'bias'],
        output: ['result'],
        node: [
          node('LayerNormalization', ['x', 'weight', 'bias'], ['normal'], {
            axis: { ref: 'axis', type: 2 },
            epsilon: { ref: 'eps', type: 1 },
          }),
          node('aten_scale', ['normal'], ['result'], { factor: 1.5 }, lib),
        ],
        opsetImport,
        attributeProto: [
          encodeAttribute('axis', { kind: 'int', value: 0 }),
          encodeAttribute('eps', { kind: 'float', value: 0.01 }),
        ],
      },
      {
        name: 'aten_scale',
        domain: lib,
        input: ['x'],
        output: ['result'],
        node: [
          node('Constant', [], ['factor'], { value_float: { ref: 'factor', type: 1 } }),
          node('CastLike', ['factor', 'x'], ['alike']),
          node(
            scale === 'aten_scale' ? 'Mul' : scale,
            ['x', 'alike'],
            ['result'],
            {},
            scale === 'aten_scale' ? '' : lib,
          ),
        ],
        opsetImport,
        attributeProto: [encodeAttribute('factor', { kind: 'float', value: 1.25 })],
      },
    ],
    graph: {
      name: 'main_graph',
      input: [{ name: 'x', type: type('s0', 3, 4, 4) }],
      output: [{ name: 'logits', type: type('s0', 5) }],
      initializer: constants({
        patch: random([8, 3, 2, 2], 1),
        weight: random([8], 2),
        bias: random([8], 3),
        qkv: random([8, 24], 4),
        head: random([5, 8], 5),
        offset: random([5], 6),
        tokens: vector(0, 8, -1),
        thirds: vector(8, 8, 8),
        middle: vector(1),
        last: vector(-1),
      }),
      node: [
        node('Conv', ['x', 'patch'], ['c'], {
          strides: [2, 2],
          pads: [0, 0, 0, 0],
          dilations: [1, 1],
          group: 1,
        }),
        node('Reshape', ['c', 'tokens'], ['r'], { allowzero: 0 }),
        node('Transpose', ['r'], ['t'], { perm: [0, 2, 1] }),
        node('aten_layer_norm', ['t', 'weight', 'bias'], ['n'], { axis: -1 }, lib),
        node('aten_scale', ['n'], ['n2'], { factor: 0.5 }, lib),
        node('MatMul', ['n2', 'qkv'], ['p']),
        node('Split', ['p', 'thirds'], ['q', 'k', 'v'], { axis: 2 }),
        node('Einsum', ['q', 'k'], ['scores'], { equation: 'bid,bjd->bij' }),
        node('Softmax', ['scores'], ['shares'], { axis: -1 }),
        node('MatMul', ['shares', 'v'], ['mixed']),
        node('Add', ['mixed', 't'], ['sum']),
        node('ReduceMean', ['sum', 'middle'], ['mean'], { keepdims: 0, noop_with_empty_axes: 0 }),
        node('Gemm', ['mean', 'head', 'offset'], ['logits'], { transB: 1, alpha: 1.5, beta: 0.5 }),
      ],
    },
  });
}

async function expectSame(bytes: Uint8Array, x: Tensor): Promise<Graph> {
  const graph = foldConstants(decodeModel(bytes));
  const [input = ''] = graph.inputs.map(({ name }) => name);
  const [native, read] = [await runGraph(bytes, { [input]: x }), await runGraph(graph, { [input]: x })];
  for (const { name } of graph.outputs) {
    expect(native[name]?.shape).toEqual(read[name]?.shape);
    native[name]?.data.forEach((value: number | bigint, i: number) => {
      expect(Number(read[name]?.data[i])).toBeCloseTo(Number(value), 5);
    });
  }
  expect(isDifferentiable(graph)).toEqual({ ok: true });
  return graph;
}

describe('what exporters write', () => {
  it('tf2onnx: a classifier of NHWC images', async () => {
    const graph = await expectSame(tf2onnx, random([2, 8, 8, 3], 9));
    expect(lossAndInputGradient(graph, 'cross-entropy').logits).toBe('logits');
    await checkGradient(graph, { input_1: { shape: [2, 8, 8, 3] } }, { step: 1e-3, tolerance: 3e-2 });
  });

  it('torch.onnx.export with dynamo: local functions are inlined', async () => {
    const graph = await expectSame(dynamo(), random([2, 3, 4, 4], 9));
    expect(graph.nodes.every(({ domain }) => domain === '')).toBe(true);
    await checkGradient(graph, { x: { shape: [2, 3, 4, 4] } }, { step: 1e-3, tolerance: 3e-2 });
    expect(decodeModel(encodeModel(graph)).nodes).toHaveLength(graph.nodes.length);
  });

  it('refuses functions that call themselves', () => {
    expect(() => decodeModel(dynamo('aten_layer_norm'))).toThrow('calls functions more than 32 deep');
  });

  it('refuses functions that grow without bound', () => {
    const level = (k: number): object => ({
      name: `f${k}`,
      domain: 'd',
      input: ['x'],
      output: ['y'],
      node: Array.from({ length: 10 }, (_, i) =>
        node(
          k === 0 ? 'Relu' : `f${k - 1}`,
          [i === 0 ? 'x' : `v${i - 1}`],
          [i === 9 ? 'y' : `v${i}`],
          {},
          k === 0 ? '' : 'd',
        ),
      ),
      opsetImport: [{ domain: '', version: 17 }],
    });
    const bytes = serializeModel({
      irVersion: 8,
      opsetImport: [{ domain: '', version: 17 }],
      functions: Array.from({ length: 12 }, (_, k) => level(k)),
      graph: {
        input: [{ name: 'x', type: type(2) }],
        output: [{ name: 'y', type: type(2) }],
        node: [node('f11', ['x'], ['y'], {}, 'd')],
      },
    });
    expect(() => decodeModel(bytes)).toThrow('more than 200000 nodes once its functions are inlined');
  });
});
