import type { Attributes, Graph, Tensor } from '@unpair/graph';
import { GraphBuilder, decodeModel, encodeModel, float, float32, gradient, int, ints } from '@unpair/graph';
import { describe, expect, it } from 'vitest';
import { quantizedOperators } from '../../src/transforms/rewrite-quantized.js';
import { dot } from '../autodiff/support/check-gradient.js';
import { runGraph } from '../support/onnxruntime.js';
import { uniform } from '../support/random.js';

const CONTRIB = 'com.microsoft';

/** What the writers below share: a builder, and quantization parameters as initializers. */
class Writer {
  readonly b = new GraphBuilder('quantized');
  #count = 0;

  op(op: string, inputs: readonly string[], attributes: Attributes = {}, domain = ''): string {
    const name = `${op}${this.#count++}`;
    this.b.append({ op, domain, name, inputs, outputs: [name], attributes });
    return name;
  }

  scale(...values: readonly number[]): string {
    return this.b.initializer('scale', float32(values.length === 1 ? [] : [values.length], values));
  }

  uint8(value: number): string {
    return this.b.initializer('zero', { dataType: 'uint8', shape: [], data: Uint8Array.of(value) });
  }

  int8(shape: readonly number[], data: readonly number[]): string {
    return this.b.initializer('int8', { dataType: 'int8', shape, data: Int8Array.from(data) });
  }

  int32(...data: readonly number[]): string {
    return this.b.initializer('int32', {
      dataType: 'int32',
      shape: [data.length],
      data: Int32Array.from(data),
    });
  }
}

/** Scale and zero point of a uint8 value in −2 … 2, and of a result in −8 … 8. */
const INPUT: readonly [number, number] = [4 / 255, 128];
const RESULT: readonly [number, number] = [16 / 255, 128];

/** Integers in −60 … 60, small enough that no kernel saturates. */
const weights = (length: number): readonly number[] =>
  Array.from({ length }, (_, i) => ((i * 37 + 11) % 121) - 60);
const WEIGHT_SCALE = 1 / 60;

interface QuantizedCase {
  readonly op: string;
  readonly domain?: string;
  readonly shape: readonly number[];
  /** Writes the integer operators over the quantized input; returns an integer or a float value. */
  readonly write: (w: Writer, q: readonly [string, string, string], x: string) => string;
  readonly isFloat?: boolean;
  /** The same in floats. */
  readonly twin: (b: GraphBuilder, x: string) => string;
}

const result = (w: Writer): readonly string[] => [w.scale(RESULT[0]), w.uint8(RESULT[1])];
const real = (
  b: GraphBuilder,
  shape: readonly number[],
  scales: readonly number[] = [WEIGHT_SCALE],
): string => {
  const integers = weights(shape.reduce((product, dim) => product * dim, 1));
  const inner = integers.length / scales.length;
  return b.initializer(
    'real',
    float32(
      shape,
      integers.map((value, i) => value * (scales[Math.floor(i / inner)] ?? 1)),
    ),
  );
};
const unary = (op: string, attributes: Attributes = {}, extra: Attributes = {}): QuantizedCase => ({
  op: `QLinear${op}`,
  domain: CONTRIB,
  shape: [2, 3, 4, 4],
  write: (w, q) => w.op(`QLinear${op}`, [...q, ...result(w)], { ...attributes, ...extra }, CONTRIB),
  twin: (b, x) => b.node(op, [x], attributes),
});
const binary = (op: string): QuantizedCase => ({
  op: `QLinear${op}`,
  domain: CONTRIB,
  shape: [2, 6],
  write: (w, q) => w.op(`QLinear${op}`, [...q, ...q, ...result(w)], {}, CONTRIB),
  twin: (b, x) => b.node(op, [x, x]),
});
const window = { kernel_shape: ints([3, 3]), pads: ints([1, 1, 1, 1]), strides: ints([2, 2]) };
const CHANNEL_SCALES = [0.01, 0.02, 0.005, 0.015];

const cases: readonly QuantizedCase[] = [
  {
    op: 'QLinearConv',
    shape: [2, 3, 5, 5],
    write: (w, q) => {
      const kernel = [
        w.int8([4, 3, 3, 3], weights(108)),
        w.scale(...CHANNEL_SCALES),
        w.int8([4], [0, 0, 0, 0]),
      ];
      return w.op('QLinearConv', [...q, ...kernel, ...result(w), w.int32(500, -500, 100, 0)], window);
    },
    twin: (b, x) => {
      const bias = [500, -500, 100, 0].map((value, c) => value * INPUT[0] * (CHANNEL_SCALES[c] ?? 1));
      return b.node(
        'Conv',
        [x, real(b, [4, 3, 3, 3], CHANNEL_SCALES), b.initializer('b', float32([4], bias))],
        window,
      );
    },
  },
  {
    op: 'QLinearMatMul',
    shape: [3, 6],
    write: (w, q) => {
      const matrix = [w.int8([6, 4], weights(24)), w.scale(WEIGHT_SCALE), w.int8([], [0])];
      return w.op('QLinearMatMul', [...q, ...matrix, ...result(w)]);
    },
    twin: (b, x) => b.node('MatMul', [x, real(b, [6, 4])]),
  },
  {
    op: 'QGemm',
    domain: CONTRIB,
    shape: [3, 6],
    write: (w, q) => {
      const matrix = [w.int8([4, 6], weights(24)), w.scale(WEIGHT_SCALE), w.int8([], [0])];
      const inputs = [...q, ...matrix, w.int32(900, -900, 0, 100), ...result(w)];
      return w.op('QGemm', inputs, { transB: int(1) }, CONTRIB);
    },
    twin: (b, x) => {
      const bias = [900, -900, 0, 100].map((value) => value * INPUT[0] * WEIGHT_SCALE);
      return b.node('Gemm', [x, real(b, [4, 6]), b.initializer('b', float32([4], bias))], { transB: int(1) });
    },
  },
  binary('Add'),
  binary('Mul'),
  unary('Sigmoid'),
  unary('LeakyRelu', { alpha: float(0.2) }),
  unary('AveragePool', { kernel_shape: ints([2, 2]), strides: ints([2, 2]) }),
  unary('GlobalAveragePool', {}, { channels_last: int(0) }),
  unary('Softmax', { axis: int(-1) }, { opset: int(13) }),
  {
    op: 'QLinearConcat',
    domain: CONTRIB,
    shape: [2, 6],
    write: (w, q) => w.op('QLinearConcat', [...result(w), ...q, ...q], { axis: int(1) }, CONTRIB),
    twin: (b, x) => b.node('Concat', [x, x], { axis: int(1) }),
  },
  {
    op: 'MatMulInteger',
    shape: [3, 6],
    isFloat: true,
    write: (w, _, x) => dynamic(w, x, 'MatMulInteger', w.int8([6, 4], weights(24))),
    twin: (b, x) => b.node('MatMul', [x, real(b, [6, 4])]),
  },
  {
    op: 'ConvInteger',
    shape: [2, 3, 5, 5],
    isFloat: true,
    write: (w, _, x) =>
      dynamic(
        w,
        x,
        'ConvInteger',
        w.b.initializer('uint8', {
          dataType: 'uint8',
          shape: [4, 3, 3, 3],
          data: Uint8Array.from(weights(108), (value) => value + 128),
        }),
        window,
      ),
    twin: (b, x) => b.node('Conv', [x, real(b, [4, 3, 3, 3])], window),
  },
  {
    op: 'DynamicQuantizeMatMul',
    domain: CONTRIB,
    shape: [3, 6],
    isFloat: true,
    write: (w, _, x) => {
      const matrix = [w.int8([6, 4], weights(24)), w.scale(WEIGHT_SCALE), w.int8([], [0])];
      return w.op('DynamicQuantizeMatMul', [x, ...matrix, w.scale(1, 2, 3, 4)], {}, CONTRIB);
    },
    twin: (b, x) =>
      b.node('Add', [b.node('MatMul', [x, real(b, [6, 4])]), b.initializer('b', float32([4], [1, 2, 3, 4]))]),
  },
  {
    op: 'MatMulIntegerToFloat',
    domain: CONTRIB,
    shape: [3, 6],
    isFloat: true,
    write: (w, [q, scale, zero]) => {
      const matrix = [w.int8([6, 4], weights(24)), scale, w.scale(WEIGHT_SCALE), zero, w.int8([], [0])];
      return w.op('MatMulIntegerToFloat', [q, ...matrix], {}, CONTRIB);
    },
    twin: (b, x) => b.node('MatMul', [x, real(b, [6, 4])]),
  },
  {
    op: 'QuantizeLinear',
    domain: CONTRIB,
    shape: [3, 6],
    isFloat: true,
    write: (w, [, scale, zero], x) => {
      const q = w.op('QuantizeLinear', [x, scale, zero], {}, CONTRIB);
      return w.op('DequantizeLinear', [q, scale, zero], {}, CONTRIB);
    },
    twin: (b, x) => b.node('Identity', [x]),
  },
];

/** As onnxruntime's quantize_dynamic writes it: integers, cast to floats, times the product of the scales. */
function dynamic(w: Writer, x: string, op: string, matrix: string, attributes: Attributes = {}): string {
  const [q = '', scale = '', zero = ''] = w.b.nodeWithOutputs('DynamicQuantizeLinear', [x], 3);
  const weightZero = op === 'ConvInteger' ? w.uint8(128) : w.int8([], [0]);
  const product = w.op(op, [q, matrix, zero, weightZero], attributes);
  const factor = w.op('Mul', [scale, w.scale(WEIGHT_SCALE)]);
  return w.op('Mul', [w.op('Cast', [product], { to: int(1) }), factor]);
}

function quantizedGraph({ shape, write, isFloat }: QuantizedCase): Graph {
  const w = new Writer();
  const x = w.b.input('x', 'float32', shape);
  const parameters = [w.scale(INPUT[0]), w.uint8(INPUT[1])] as const;
  const q = w.op('QuantizeLinear', [x, ...parameters]);
  const written = write(w, [q, ...parameters], x);
  const y = isFloat === true ? written : w.op('DequantizeLinear', [written, ...result(w)]);
  w.b.rename(y, 'y');
  return { ...w.b.build(), outputs: [openOutput(shape.length)] };
}

const openOutput = (rank: number): Graph['outputs'][number] => ({
  name: 'y',
  dataType: 'float32',
  shape: Array.from({ length: rank }, (_, i) => `open_${i}`),
});

function twinGraph({ shape, twin }: QuantizedCase): Graph {
  const b = new GraphBuilder('twin');
  b.rename(twin(b, b.input('x', 'float32', shape)), 'y');
  return { ...b.build(), outputs: [openOutput(shape.length)] };
}

const cosine = (a: Tensor | undefined, b: Tensor | undefined): number =>
  dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));

describe('integer operators are read as float operators between QuantizeLinear and DequantizeLinear', () => {
  it('all of them', () => {
    const tested = cases.map(({ op, domain }) => (domain === undefined ? op : `${domain}.${op}`));
    expect([...tested, 'com.microsoft.DequantizeLinear'].sort()).toEqual(quantizedOperators());
  });

  it.each(cases.map((entry): [string, QuantizedCase] => [entry.op, entry]))(
    '%s computes what its kernel computes, and passes gradients',
    async (_, entry) => {
      const original = encodeModel(quantizedGraph(entry));
      const read = decodeModel(original);
      expect(read.nodes.some(({ domain }) => domain !== '')).toBe(false);
      const size = entry.shape.reduce((product, dim) => product * dim, 1);
      const x = float32(entry.shape, uniform(size, 5, -1.9, 1.9));
      const [native, rewritten] = [await runGraph(original, { x }), await runGraph(read, { x })];
      const [a, b] = [native['y']?.data as Float32Array, rewritten['y']?.data as Float32Array];
      // A kernel may round a tie to the other side: one step of the result.
      const step = entry.isFloat === true ? 1e-4 : RESULT[0] * 1.001;
      expect(b).toHaveLength(a.length);
      a.forEach((value, i) => {
        expect(Math.abs(value - (b[i] ?? NaN))).toBeLessThanOrEqual(step);
      });
      expect(a.filter((value, i) => Math.abs(value - (b[i] ?? NaN)) > 1e-4).length).toBeLessThan(
        a.length / 20,
      );
      const derivative = async (graph: Graph): Promise<Tensor | undefined> =>
        (await runGraph(gradient(graph, { of: 'y', wrt: ['x'] }), { x }))['d_y/d_x'];
      const [through, exact] = [await derivative(read), await derivative(twinGraph(entry))];
      if (entry.op === 'QLinearSoftmax') return; // Its summed derivative is zero.
      expect(cosine(through, exact)).toBeGreaterThan(0.999);
      expect(dot(through, through) / dot(exact, exact)).toBeCloseTo(1, 1);
    },
  );

  it.each<[string, Attributes, (w: Writer) => readonly string[]]>([
    ['MaxPool', window, () => []],
    ['Resize', {}, (w) => ['', w.scale(1, 1, 2, 2)]],
  ])('%s of integers keeps its integers, and passes gradients', async (op, attributes, more) => {
    const entry: QuantizedCase = {
      op,
      shape: [2, 3, 5, 5],
      write: (w, q) => {
        const kernel = [w.int8([4, 3, 1, 1], weights(12)), w.scale(WEIGHT_SCALE), w.int8([], [0])];
        const convolved = w.op('QLinearConv', [...q, ...kernel, ...result(w)]);
        return w.op(
          op,
          [w.op('Transpose', [convolved], { perm: ints([0, 1, 3, 2]) }), ...more(w)],
          attributes,
        );
      },
      twin: (b, x) => {
        const convolved = b.node('Conv', [x, real(b, [4, 3, 1, 1])]);
        const turned = b.node('Transpose', [convolved], { perm: ints([0, 1, 3, 2]) });
        const scales = (): readonly string[] => ['', b.initializer('s', float32([4], [1, 1, 2, 2]))];
        return b.node(op, [turned, ...(op === 'Resize' ? scales() : [])], attributes);
      },
    };
    const original = encodeModel(quantizedGraph(entry));
    const x = float32(entry.shape, uniform(150, 5, -1.9, 1.9));
    const read = decodeModel(original);
    expect((await runGraph(read, { x }))['y']).toEqual((await runGraph(original, { x }))['y']);
    const derivative = async (graph: Graph): Promise<Tensor | undefined> =>
      (await runGraph(gradient(graph, { of: 'y', wrt: ['x'] }), { x }))['d_y/d_x'];
    expect(cosine(await derivative(read), await derivative(twinGraph(entry)))).toBeGreaterThan(0.98);
  });

  it('refuses what it cannot write', () => {
    const last = unary('GlobalAveragePool', {}, { channels_last: int(1) });
    expect(() => decodeModel(encodeModel(quantizedGraph(last)))).toThrow('has its channels last');
  });
});
