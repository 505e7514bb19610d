import type { Attribute, Attributes, DataType, Graph, Tensor } from '@unpair/graph';
import { codeOfDataType, float, float32, inferShapes, int, int64, ints, string } from '@unpair/graph';

/** One node over inputs of given shapes; numbers in `constants` become its further inputs, as int64 vectors. */
export interface OperatorCase {
  readonly op: string;
  readonly shapes: readonly (readonly number[])[];
  readonly constants?: readonly (readonly number[] | Tensor | null)[];
  readonly attributes?: Attributes;
  readonly opset?: number;
  readonly outputs?: number;
  readonly types?: readonly DataType[];
}

const c = (
  op: string,
  shapes: readonly (readonly number[])[],
  rest: Omit<OperatorCase, 'op' | 'shapes'> = {},
): OperatorCase => ({
  op,
  shapes,
  ...rest,
});
const same = { auto_pad: string('SAME_UPPER') };
const window = (kernel: readonly number[], more: Record<string, Attribute> = {}): Attributes => ({
  kernel_shape: ints(kernel),
  ...more,
});
const conv = (more: Record<string, Attribute>): OperatorCase =>
  c(
    'Conv',
    [
      [2, 4, 9, 7],
      [6, 4, 3, 3],
    ],
    { attributes: more },
  );
const pool = (op: string, size: number, more: Record<string, Attribute>, opset = 17): OperatorCase =>
  c(op, [[1, 2, size, size + 1]], { attributes: window([3, 2], more), opset });

/** Every operator with the spellings that matter for its shape. */
export const operatorCases: readonly OperatorCase[] = [
  conv({}),
  conv({ strides: ints([2, 3]), pads: ints([1, 0, 2, 1]) }),
  conv({ dilations: ints([2, 3]), pads: ints([0, 1, 0, 1]) }),
  conv({ ...same, strides: ints([2, 3]) }),
  conv({ auto_pad: string('SAME_LOWER') }),
  conv({ auto_pad: string('VALID'), strides: ints([2, 2]) }),
  c('Conv', [[2, 6, 9], [4, 3, 5], [4]], { attributes: { group: int(2) } }),
  // A filter of two for each channel, over images and over lines.
  c(
    'Conv',
    [
      [2, 3, 5, 6],
      [6, 1, 3, 3],
    ],
    { attributes: { group: int(3), pads: ints([1, 0, 1, 2]) } },
  ),
  c('Conv', [[2, 3, 9], [6, 1, 3], [6]], { attributes: { group: int(3) } }),
  c('Conv', [
    [1, 2, 5, 6, 7],
    [3, 2, 2, 2, 2],
  ]),
  c(
    'ConvTranspose',
    [
      [2, 4, 5, 6],
      [4, 3, 3, 3],
    ],
    { attributes: { strides: ints([2, 3]), pads: ints([1, 0, 1, 2]) } },
  ),
  c(
    'ConvTranspose',
    [
      [2, 4, 5, 6],
      [4, 3, 3, 3],
    ],
    {
      attributes: {
        group: int(2),
        strides: ints([2, 2]),
        output_padding: ints([1, 1]),
        dilations: ints([2, 1]),
      },
    },
  ),
  c(
    'ConvTranspose',
    [
      [2, 4, 5, 6],
      [4, 3, 3, 3],
    ],
    { attributes: { strides: ints([2, 2]), output_shape: ints([10, 12]) } },
  ),
  c(
    'ConvTranspose',
    [
      [2, 4, 5, 6],
      [4, 3, 3, 3],
    ],
    { attributes: { ...same, strides: ints([2, 2]) } },
  ),
  ...[5, 6, 7, 8].flatMap((size) => [
    pool('MaxPool', size, { strides: ints([2, 2]) }),
    pool('MaxPool', size, { strides: ints([3, 3]), ceil_mode: int(1) }),
    pool('MaxPool', size, { strides: ints([2, 3]), ceil_mode: int(1), pads: ints([1, 1, 1, 1]) }),
    pool('AveragePool', size, { strides: ints([3, 2]), ceil_mode: int(1), pads: ints([0, 0, 2, 1]) }),
    pool('AveragePool', size, { strides: ints([2, 2]), ...same }),
    pool('MaxPool', size, { dilations: ints([2, 2]) }),
  ]),
  c('MaxPool', [[1, 2, 6, 6]], { attributes: window([2, 2]), outputs: 2 }),
  c('GlobalAveragePool', [[2, 3, 4, 5]]),
  c('GlobalMaxPool', [[2, 3, 4]]),
  c('Gemm', [[3, 4], [4, 5], [5]]),
  c(
    'Gemm',
    [
      [4, 3],
      [5, 4],
      [1, 5],
    ],
    { attributes: { transA: int(1), transB: int(1), alpha: float(0.5) } },
  ),
  ...(
    [
      [[4], [4]],
      [[4], [4, 5]],
      [[3, 4], [4]],
      [
        [2, 1, 3, 4],
        [5, 4, 6],
      ],
      [
        [3, 4],
        [2, 4, 1],
      ],
    ] as const
  ).map((shapes) => c('MatMul', shapes)),
  c('Add', [
    [3, 1, 5],
    [4, 1],
  ]),
  c('Pow', [[3], []]),
  c('Max', [
    [3, 1],
    [1, 4],
    [2, 1, 1],
  ]),
  c('Sum', [
    [3, 1],
    [1, 4],
  ]),
  c('Less', [[3, 1], [4]]),
  c('PRelu', [
    [2, 3, 4, 4],
    [3, 1, 1],
  ]),
  c('Where', [[3, 1], [4], [2, 1, 1]], { types: ['bool', 'float32', 'float32'] }),
  c('And', [[3, 1], [4]], { types: ['bool', 'bool'] }),
  c('Not', [[3]], { types: ['bool'] }),
  c('Cast', [[2, 3]], { attributes: { to: int(codeOfDataType('int32')) } }),
  ...['Relu', 'Sigmoid', 'Tanh', 'HardSwish', 'Softmax', 'LogSoftmax', 'Erf', 'Sign', 'Clip', 'Elu'].map(
    (op) => c(op, [[2, 3]]),
  ),
  c('Dropout', [[2, 3]], { outputs: 2 }),
  c('BatchNormalization', [[2, 3, 4, 4], [3], [3], [3], [3]]),
  c('LayerNormalization', [[2, 3, 4], [4], [4]]),
  c(
    'LayerNormalization',
    [
      [2, 3, 4],
      [3, 4],
      [3, 4],
    ],
    { outputs: 3, attributes: { axis: int(1) } },
  ),
  c('Hardmax', [[2, 3]]),
  c('DynamicQuantizeLinear', [[2, 3]], { outputs: 3 }),
  c('Upsample', [[1, 2, 3, 5]], { constants: [float32([4], [1, 1, 2, 1.7])], opset: 9 }),
  c('InstanceNormalization', [[2, 3, 4], [3], [3]]),
  c('ReduceMean', [[2, 3, 4]], { attributes: { axes: ints([1, -1]) } }),
  c('ReduceMean', [[2, 3, 4]], { attributes: { axes: ints([1]), keepdims: int(0) } }),
  c('ReduceMean', [[2, 3, 4]], { constants: [[0, 2]], opset: 18 }),
  c('ReduceSum', [[2, 3, 4]], { constants: [[-2]], attributes: { keepdims: int(0) } }),
  c('ReduceSum', [[2, 3, 4]], { attributes: { noop_with_empty_axes: int(1) } }),
  c('ReduceMax', [[2, 3, 4]]),
  c('ReduceL2', [[2, 3, 4]], { attributes: { keepdims: int(0) } }),
  c('ArgMax', [[2, 3, 4]], { attributes: { axis: int(-1), keepdims: int(0) } }),
  c('TopK', [[2, 7]], { constants: [[3]], outputs: 2 }),
  c('Flatten', [[2, 3, 4]], { attributes: { axis: int(0) } }),
  c('Flatten', [[2, 3, 4]], { attributes: { axis: int(-1) } }),
  c('Flatten', [[2, 3, 4]], { attributes: { axis: int(3) } }),
  c('Reshape', [[2, 3, 4]], { constants: [[0, -1]] }),
  c('Reshape', [[2, 3, 4]], { constants: [[4, 0, -1]] }),
  c('Reshape', [[0, 3, 4]], { constants: [[3, 0]], attributes: { allowzero: int(1) } }),
  c('Transpose', [[2, 3, 4]]),
  c('Transpose', [[2, 3, 4]], { attributes: { perm: ints([1, 2, 0]) } }),
  c(
    'Concat',
    [
      [2, 3],
      [2, 5],
    ],
    { attributes: { axis: int(-1) } },
  ),
  c('Split', [[7, 2]], { constants: [[3, 4]], outputs: 2 }),
  c('Split', [[6, 2]], { outputs: 3 }),
  c('Split', [[7, 2]], { outputs: 3, attributes: { num_outputs: int(3) }, opset: 18 }),
  c('Split', [[7, 2]], { outputs: 2, attributes: { split: ints([3, 4]) }, opset: 11 }),
  c('Slice', [[8, 9]], {
    constants: [
      [1, -3],
      [-1, 99],
    ],
  }),
  c('Slice', [[8, 9]], {
    constants: [
      [-1, 7],
      [-99, 0],
      [0, 1],
      [-1, -3],
    ],
  }),
  c('Slice', [[8, 9]], { constants: [[5], [2], [-1]] }),
  c('Slice', [[8, 9]], {
    attributes: { starts: ints([2]), ends: ints([2 ** 31 - 1]), axes: ints([1]) },
    opset: 9,
  }),
  c('Pad', [[2, 3]], { constants: [[0, 1, 2, 3]] }),
  c('Pad', [[2, 5]], { constants: [[0, -1, 2, -2]] }),
  c('Pad', [[2, 3]], { attributes: { pads: ints([1, 0, 0, 2]) }, opset: 9 }),
  c('Pad', [[2, 3]], { constants: [[1, 2], null, [-1]], opset: 18 }),
  c('Squeeze', [[1, 3, 1]]),
  c('Squeeze', [[1, 3, 1]], { constants: [[-1]] }),
  c('Squeeze', [[1, 3, 1]], { attributes: { axes: ints([0]) }, opset: 11 }),
  c('Unsqueeze', [[3, 4]], { constants: [[0, -1]] }),
  c('Gather', [[3, 4, 5]], { constants: [int64([2, 2], [0, 1, 2, 3])], attributes: { axis: int(1) } }),
  c('Gather', [[3, 4, 5]], { constants: [int64([], [2])] }),
  c('GatherElements', [[3, 4]], { constants: [int64([1, 4], [0, 1, 2, 0])] }),
  c('Expand', [[3, 1]], { constants: [[2, 1, 6]] }),
  c('Tile', [[3, 1]], { constants: [[2, 3]] }),
  c('DepthToSpace', [[2, 8, 3, 4]], { attributes: { blocksize: int(2) } }),
  c('SpaceToDepth', [[2, 2, 6, 4]], { attributes: { blocksize: int(2) } }),
  c('Shape', [[3, 4, 5]], { attributes: { start: int(-2) } }),
  c('Size', [[3, 4]]),
  c('ConstantOfShape', [], { constants: [[2, 3]] }),
  c('Range', [], { constants: [int64([], [2]), int64([], [11]), int64([], [4])] }),
  c('QuantizeLinear', [[2, 3], []]),
  c('DequantizeLinear', [[2, 3], [], []], { types: ['int8', 'float32', 'int8'] }),
];

/** The one node as a graph whose outputs are declared as they are inferred. */
export function graphOfCase({
  op,
  shapes,
  constants = [],
  attributes = {},
  opset = 17,
  outputs = 1,
  types = [],
}: OperatorCase): Graph {
  const inputs = shapes.map((shape, i) => ({ name: `x${i}`, dataType: types[i] ?? 'float32', shape }));
  const initializers = new Map<string, Tensor>();
  const names = constants.map((value, i) => {
    if (value === null) return '';
    initializers.set(`c${i}`, isTensor(value) ? value : int64([value.length], value));
    return `c${i}`;
  });
  const results = Array.from({ length: outputs }, (_, i) => `y${i}`);
  const node = {
    op,
    domain: '',
    name: op,
    inputs: [...inputs.map((i) => i.name), ...names],
    outputs: results,
    attributes,
  };
  const graph: Graph = { name: 'case', opset, inputs, outputs: [], initializers, nodes: [node] };
  const inferred = inferShapes(graph);
  const typed = results.flatMap((name) => {
    const type = inferred.get(name);
    return type === undefined ? [] : [{ name, ...type }];
  });
  return { ...graph, outputs: typed };
}

const isTensor = (value: readonly number[] | Tensor): value is Tensor => !Array.isArray(value);
