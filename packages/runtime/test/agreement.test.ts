import type { DataType, Graph, Node, Runtime, Tensor, Tensors } from '@unpair/graph';
import {
  BYTES_PER_ELEMENT,
  GraphBuilder,
  KNOWN_OPERATORS,
  arrayOver,
  compositeOperators,
  float,
  float32,
  inferShapes,
  int,
  int64,
  ints,
  sizeOf,
} from '@unpair/graph';
import { createOnnxRuntime, createRuntime } from '@unpair/runtime';
import { beforeAll, describe, expect, it } from 'vitest';
import { compositeCases, graphOfComposite } from '../../graph/test/composites/cases.js';
import { graphOfCase, operatorCases } from '../../graph/test/shapes/cases.js';
import { TENSORFLOW_OPERATORS } from '../src/tensorflow/registry.js';
import { pattern } from './conformance/reference.js';

interface Case {
  readonly name: string;
  readonly graph: Graph;
  readonly feeds: Tensors;
}

const named = (graph: Graph, detail: unknown, feeds: Tensors): Case => ({
  name: `${graph.nodes[0]?.op ?? ''} ${JSON.stringify(detail)}`,
  graph,
  feeds,
});

/** Elements for an input: reals of both signs, whole numbers where a type holds no others. */
function feedOf(dataType: DataType, shape: readonly number[], seed: number): Tensor {
  const reals = pattern(shape, seed).data.map((value) => 3 * value);
  if (dataType === 'float32') return float32(shape, reals);
  const array = arrayOver(dataType, new ArrayBuffer(sizeOf(shape) * BYTES_PER_ELEMENT[dataType]));
  if (array instanceof BigInt64Array) array.forEach((_, i) => (array[i] = BigInt(Math.round(reals[i] ?? 0))));
  else array.set(reals.map((value) => (dataType === 'bool' ? Number(value > 0) : Math.round(20 * value))));
  return { dataType, shape, data: array } as Tensor;
}

function feedsOf(graph: Graph): Tensors {
  return Object.fromEntries(
    graph.inputs.map(({ name, dataType, shape }, i) => [name, feedOf(dataType, shape.map(Number), i + 1)]),
  );
}

/** Inputs that have to be positive: variances and scales. */
const POSITIVE: Readonly<Record<string, readonly number[]>> = {
  BatchNormalization: [4],
  QuantizeLinear: [1],
  DequantizeLinear: [1],
  Log: [0],
  Sqrt: [0],
  Pow: [0],
};

function madePositive(op: string, feeds: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, tensor], i) => {
      if (tensor.dataType !== 'float32' || POSITIVE[op]?.includes(i) !== true) return [name, tensor];
      return [
        name,
        float32(
          tensor.shape,
          tensor.data.map((value) => Math.abs(value) + 0.1),
        ),
      ];
    }),
  );
}

/** One node over inputs, with its outputs as inferred. */
function single(
  node: Partial<Node> & { readonly op: string },
  feeds: Tensors,
  constants: Tensors = {},
): Case {
  const inputs = Object.entries(feeds).map(([name, { dataType, shape }]) => ({ name, dataType, shape }));
  const full: Node = {
    domain: '',
    name: node.op,
    inputs: [...Object.keys(feeds), ...Object.keys(constants)],
    outputs: ['result'],
    attributes: {},
    ...node,
  };
  const initializers = new Map(Object.entries(constants));
  const graph: Graph = { name: node.op, opset: 17, inputs, outputs: [], initializers, nodes: [full] };
  const type = inferShapes(graph).get('result');
  if (type === undefined) throw new Error(`no type for ${node.op}`);
  return named({ ...graph, outputs: [{ name: 'result', ...type }] }, node.attributes ?? {}, feeds);
}

const LARGEST = 2n ** 63n - 1n;
const x = feedOf('float32', [2, 3, 4, 5], 7);
const y = feedOf('float32', [3, 1, 5], 8);
const scalarInt8 = (value: number): Tensor => ({ dataType: 'int8', shape: [], data: Int8Array.of(value) });

/** What the other two tables leave out: operators without a shape of their own, and other element types. */
const others: readonly Case[] = [
  single({ op: 'DynamicQuantizeLinear', outputs: ['result', 'scale', 'zero'] }, { x }),
  single({ op: 'Constant', attributes: { value_ints: ints([3, -4]) } }, {}),
  single({ op: 'Constant', attributes: { value_int: int(3) } }, {}),
  single({ op: 'Constant', attributes: { value_float: float(0.5) } }, {}),
  ...['Abs', 'Ceil', 'Cos', 'Exp', 'Floor', 'HardSigmoid', 'IsNaN', 'IsInf', 'LeakyRelu', 'Log', 'Neg'].map(
    (op) => single({ op }, madePositive(op, { x })),
  ),
  ...['Reciprocal', 'Round', 'Sin', 'Softplus', 'Sqrt', 'Identity'].map((op) =>
    single({ op }, madePositive(op, { x })),
  ),
  ...['Sub', 'Mul', 'Div', 'Max', 'Min', 'Mean', 'Equal', 'Greater', 'LessOrEqual', 'GreaterOrEqual'].map(
    (op) => single({ op }, { x, y }),
  ),
  ...['Or', 'Xor'].map((op) => single({ op }, { x: feedOf('bool', [2, 3], 1), y: feedOf('bool', [3], 2) })),
  ...(['int32', 'int64'] as const).flatMap((type) =>
    ['Add', 'Sub', 'Mul', 'Div', 'Mod', 'Equal', 'Less'].map((op) =>
      single({ op }, { x: feedOf(type, [3, 4], 1), y: divisors(type) }),
    ),
  ),
  single({ op: 'Mod', attributes: { fmod: int(1) } }, { x, y }),
  ...(['ReduceSum', 'ReduceMax'] as const).map((op) => single({ op }, { x: feedOf('int32', [3, 4], 1) })),
  ...['ReduceMin', 'ReduceProd', 'ReduceL1', 'ReduceSumSquare'].map((op) =>
    single({ op, attributes: { axes: ints([1, 2]), keepdims: int(0) } }, { x }),
  ),
  ...[1, -1].map((axis) => single({ op: 'Softmax', attributes: { axis: int(axis) } }, { x })),
  ...[0, 2].map((axis) => single({ op: 'LogSoftmax', attributes: { axis: int(axis) } }, { x })),
  single({ op: 'Hardmax', attributes: { axis: int(1) } }, { x }),
  ...[0, 1].map((last) =>
    single({ op: 'ArgMin', attributes: { axis: int(2), select_last_index: int(last) } }, { x }),
  ),
  ...(['int32', 'int64', 'uint8', 'bool'] as const).map((to) =>
    single({ op: 'CastLike' }, { x: feedOf('float32', [2, 3], 4) }, { like: feedOf(to, [1], 1) }),
  ),
  single(
    { op: 'CumSum', attributes: { exclusive: int(1), reverse: int(1) } },
    { x },
    { axis: int64([], [2]) },
  ),
  ...[
    [1n, LARGEST, 1n],
    [LARGEST, -LARGEST - 1n, -2n],
  ].map((bounds) => {
    const [starts, ends, steps] = bounds.map((bound) => int64([1], [bound]));
    return single({ op: 'Slice' }, { x }, { starts, ends, axes: int64([1], [2]), steps } as Tensors);
  }),
  joinedBounds(),
  single({ op: 'Trilu', attributes: { upper: int(0) } }, { x }, { k: int64([], [1]) }),
  single(
    { op: 'OneHot', attributes: { axis: int(1) } },
    { x: int64([3], [1, -1, 4]) },
    {
      depth: int64([], [5]),
      values: float32([2], [-1, 2]),
    },
  ),
  single(
    { op: 'ScatterElements', attributes: { axis: int(1) } },
    { x: feedOf('float32', [2, 4], 1) },
    {
      indices: int64([2, 2], [1, -1, 0, 2]),
      updates: feedOf('float32', [2, 2], 3),
    },
  ),
  single(
    { op: 'ScatterND' },
    { x: feedOf('float32', [4, 3], 1) },
    {
      indices: int64([2, 1], [2, 0]),
      updates: feedOf('float32', [2, 3], 3),
    },
  ),
  single(
    { op: 'QuantizeLinear' },
    { x: float32([6], [0.5, 1.5, 2.5, -0.5, 1000, -1000]) },
    {
      scale: float32([], [1]),
      zero: scalarInt8(3),
    },
  ),
  single(
    { op: 'DequantizeLinear', attributes: { axis: int(1) } },
    { x: feedOf('uint8', [2, 3, 4], 1) },
    {
      scale: float32([3], [0.1, 0.2, 0.3]),
      zero: { dataType: 'uint8', shape: [3], data: Uint8Array.of(1, 2, 3) },
    },
  ),
];

/** A slice that goes backwards to the start along two axes, whose bounds are put together when it runs. */
function joinedBounds(): Case {
  const build = new GraphBuilder('joined');
  build.input('x', 'float32', [2, 3, 4, 5]);
  const join = (...values: readonly (number | bigint)[]): string =>
    build.node(
      'Concat',
      values.map((value) => build.initializer('bound', int64([1], [value]))),
      { axis: int(0) },
    );
  const bounds = [join(LARGEST, -1), join(-LARGEST - 1n, -LARGEST), join(1, 3), join(-1, -2)];
  build.output(build.rename(build.node('Slice', ['x', ...bounds]), 'y'), 'float32', [2, 3, 4, 3]);
  return named(build.build(), 'joined bounds', { x });
}

/** A row [1,4] of whole numbers without a zero. */
function divisors(type: 'int32' | 'int64'): Tensor {
  const [shape, values] = [
    [1, 4],
    [-7, 3, 2, -2],
  ];
  return type === 'int32'
    ? { dataType: type, shape, data: Int32Array.from(values) }
    : { dataType: type, shape, data: BigInt64Array.from(values, BigInt) };
}

const cases: readonly Case[] = [
  ...operatorCases.map((entry) => {
    const graph = graphOfCase(entry);
    return named(graph, entry.shapes, madePositive(entry.op, feedsOf(graph)));
  }),
  ...compositeCases.map((entry) => {
    const graph = graphOfComposite(entry);
    return named(graph, [entry.attributes, entry.opset], feedsOf(graph));
  }),
  ...others,
];

/** Outputs that declare nothing for a runtime's own inference to check. */
function open(graph: Graph): Graph {
  const outputs = graph.outputs.map((info) => ({
    ...info,
    shape: info.shape.map((_, i) => `open_${info.name}_${i}`),
  }));
  return { ...graph, outputs };
}

describe.each(['wasm', 'cpu'] as const)('tensorflow on %s agrees with onnxruntime', (backend) => {
  const reference = createOnnxRuntime();
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await createRuntime('tensorflow', { backend });
  });

  async function results(on: Runtime, { graph, feeds }: Case): Promise<Tensors> {
    const executable = await on.load(open(graph));
    try {
      return await executable.run(feeds);
    } finally {
      await executable.close();
    }
  }

  it.each(cases.map((entry): [string, Case] => [entry.name, entry]))('%s', async (_, entry) => {
    const expected = await results(reference, entry);
    const actual = await results(runtime, entry);
    for (const [name, tensor] of Object.entries(expected)) expectClose(actual[name], tensor);
  });
});

describe('operators', () => {
  it('known to the graph language all have a rule here or are written in those that have', () => {
    const composite = new Set(compositeOperators());
    const missing = [...KNOWN_OPERATORS].filter((op) => !TENSORFLOW_OPERATORS.has(op) && !composite.has(op));
    // Rewritten to Resize when a graph is loaded.
    expect(missing).toEqual(['Upsample']);
  });

  it('all have a case here', () => {
    const covered = new Set(cases.flatMap(({ graph }) => graph.nodes.map(({ op }) => op)));
    expect([...KNOWN_OPERATORS].filter((op) => !covered.has(op) && op !== 'Upsample')).toEqual([]);
  });
});

/** Floats to 1e-5 of the largest, whole numbers exactly; quantized ones to one step. */
function expectClose(actual: Tensor | undefined, expected: Tensor): void {
  expect([actual?.dataType, actual?.shape]).toEqual([expected.dataType, expected.shape]);
  const [got, wanted] = [actual?.data ?? [], expected.data].map((data) =>
    Array.from(data as ArrayLike<number | bigint>, Number),
  );
  const finite = (wanted ?? []).filter(Number.isFinite).map(Math.abs);
  const step = ['int8', 'uint8'].includes(expected.dataType) ? 1 : 0;
  const allowed = expected.dataType === 'float32' ? 1e-5 * Math.max(1, ...finite) : step;
  wanted?.forEach((value, i) => {
    const other = got?.[i] ?? Number.NaN;
    if (Object.is(value, other) || value === other) return;
    expect(Math.abs(other - value), `element ${i}: ${other} for ${value}`).toBeLessThanOrEqual(allowed);
  });
}
