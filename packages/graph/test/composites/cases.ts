import type { Attributes, Graph, Tensor } from '@unpair/graph';
import { float, float32, inferShapes, int, int64, ints, string } from '@unpair/graph';
import type { Point } from '../autodiff/support/check-gradient.js';

/** One node: its float inputs, then its constant ones. */
export interface CompositeCase {
  readonly op: string;
  readonly inputs: readonly Point[];
  readonly constants?: readonly (Tensor | null)[];
  readonly attributes?: Attributes;
  readonly opset?: number;
}

const image: Point = { shape: [2, 4, 5, 6] };
const channels: Point = { shape: [4] };
const vector = (...values: readonly number[]): Tensor => int64([values.length], values);

function of(
  op: string,
  inputs: readonly (Point | readonly number[])[],
  attributes: Attributes = {},
  rest: Omit<CompositeCase, 'op' | 'inputs' | 'attributes'> = {},
): CompositeCase {
  const points = inputs.map((input): Point => ('shape' in input ? input : { shape: input }));
  return { op, inputs: points, attributes, ...rest };
}

const equation = (text: string): Attributes => ({ equation: string(text) });

function resize(
  attributes: Readonly<Record<string, string>>,
  target: { readonly scales?: readonly number[]; readonly sizes?: readonly number[] },
  opset = 13,
): CompositeCase {
  const { scales, sizes } = target;
  // Until operator set 13 the inputs before the last may be empty but not absent.
  const none = opset < 13 ? float32([0], []) : null;
  const constants = [
    none,
    scales === undefined ? none : float32([scales.length], scales),
    ...(sizes === undefined ? [] : [vector(...sizes)]),
  ];
  const strings = Object.entries(attributes).map(([name, value]) => [name, string(value)] as const);
  return of('Resize', [image], Object.fromEntries(strings), { constants, opset });
}

const doubled = { scales: [1, 1, 2, 2] };
const odd = { sizes: [2, 4, 3, 11] };

export const compositeCases: readonly CompositeCase[] = [
  of('Gelu', [[3, 7]], {}, { opset: 20 }),
  of('Gelu', [[3, 7]], { approximate: string('tanh') }, { opset: 20 }),
  of('Mish', [[3, 7]], {}, { opset: 18 }),
  of('Celu', [[3, 7]], { alpha: float(0.7) }, { opset: 13 }),
  of('Selu', [[3, 7]]),
  of('Selu', [[3, 7]], { alpha: float(2), gamma: float(0.5) }),
  of('ThresholdedRelu', [[3, 7]], { alpha: float(0.4) }),
  of('Softsign', [[3, 7]]),
  of('Shrink', [[3, 7]], { lambd: float(0.6), bias: float(0.25) }),
  of('LayerNormalization', [[2, 3, 8], [8], [8]]),
  of(
    'LayerNormalization',
    [
      [2, 3, 8],
      [3, 8],
    ],
    { axis: int(1), epsilon: float(0.1) },
  ),
  of('InstanceNormalization', [image, channels, channels], { epsilon: float(0.01) }),
  of('GroupNormalization', [image, [2], [2]], { num_groups: int(2) }, { opset: 18 }),
  of('GroupNormalization', [image, channels, channels], { num_groups: int(2) }, { opset: 21 }),
  of('RMSNormalization', [[2, 3, 8], [8]], {}, { opset: 23 }),
  of('MeanVarianceNormalization', [image]),
  of('LpNormalization', [[2, 3, 4]], { axis: int(1) }),
  of('LpNormalization', [[2, 3, 4]], { p: int(1) }),
  of('LpNormalization', [[2, 3, 4]], {}, { opset: 22 }),
  of('LRN', [[2, 7, 3, 3]], { size: int(5), alpha: float(0.3), beta: float(0.6), bias: float(1.5) }),
  of('LpPool', [image], { kernel_shape: ints([2, 3]), strides: ints([2, 1]), pads: ints([1, 0, 0, 1]) }),
  of('LpPool', [image], { kernel_shape: ints([2, 2]), p: int(3) }),
  of('LpPool', [image], { kernel_shape: ints([3, 3]), p: int(1), auto_pad: string('SAME_UPPER') }),
  of('GlobalLpPool', [image]),
  of('ReduceLogSum', [{ shape: [2, 3, 4], low: 0.2, high: 2 }], { axes: ints([1]), keepdims: int(0) }),
  of('ReduceLogSumExp', [[2, 3, 4]], { axes: ints([0, -1]), keepdims: int(0) }),
  of('ReduceLogSumExp', [[2, 3, 4]], {}),
  of('ReduceLogSumExp', [[2, 3, 4]], {}, { opset: 18, constants: [vector(1)] }),
  of('Tile', [[2, 3]], {}, { constants: [vector(2, 3)] }),
  of('Pad', [image], { mode: string('reflect') }, { constants: [vector(0, 0, 2, 1, 0, 0, 3, 4)] }),
  of('Pad', [image], { mode: string('edge') }, { constants: [vector(0, 1, 2, 0, 0, 0, 7, 4)] }),
  of('Pad', [image], { mode: string('wrap') }, { constants: [vector(0, 0, 2, 1, 0, 0, 3, 4)], opset: 19 }),
  of('Pad', [image], {}, { constants: [vector(1, 2), float32([], [0.5]), vector(-1)], opset: 18 }),
  of('Trilu', [[2, 4, 5]]),
  of('Trilu', [[5, 4]], { upper: int(0) }, { constants: [int64([], [-1])] }),
  of('CastLike', [[2, 3]], {}, { constants: [float32([1], [0])], opset: 15 }),
  of(
    'Einsum',
    [
      [2, 3, 4, 5],
      [2, 3, 6, 5],
    ],
    equation('bhid,bhjd->bhij'),
  ),
  of(
    'Einsum',
    [
      [2, 3, 4, 6],
      [2, 6, 3, 5],
    ],
    equation('bhij,bjhd->bihd'),
  ),
  of(
    'Einsum',
    [
      [2, 3, 4],
      [4, 5],
    ],
    equation('abc,cd->abd'),
  ),
  of(
    'Einsum',
    [
      [2, 3, 4],
      [4, 5, 6],
    ],
    equation('abc,cde->abde'),
  ),
  of(
    'Einsum',
    [
      [2, 3, 4],
      [5, 4],
    ],
    equation('... c, d c -> ... d'),
  ),
  of(
    'Einsum',
    [
      [2, 3, 4],
      [2, 4, 5],
    ],
    equation('...ij,...jk'),
  ),
  of('Einsum', [[3], [4]], equation('i,j->ij')),
  of('Einsum', [[3], [3]], equation('i,i->')),
  of('Einsum', [[3, 4, 5]], equation('abc->ca')),
  of(
    'Einsum',
    [
      [3, 4],
      [4, 5],
      [5, 2],
    ],
    equation('ab,bc,cd->da'),
  ),
  of(
    'Einsum',
    [
      [2, 3, 4],
      [2, 3, 4],
    ],
    equation('bij,bij->b'),
  ),
  resize({ mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }, doubled),
  resize({ mode: 'nearest' }, odd),
  resize({ mode: 'nearest', coordinate_transformation_mode: 'align_corners', nearest_mode: 'ceil' }, odd),
  resize(
    { mode: 'nearest', coordinate_transformation_mode: 'half_pixel', nearest_mode: 'round_prefer_ceil' },
    odd,
  ),
  resize(
    { mode: 'nearest', coordinate_transformation_mode: 'tf_half_pixel_for_nn', nearest_mode: 'floor' },
    odd,
    11,
  ),
  resize({ mode: 'linear' }, doubled),
  resize({ mode: 'linear', coordinate_transformation_mode: 'pytorch_half_pixel' }, odd),
  resize({ mode: 'linear', coordinate_transformation_mode: 'align_corners' }, odd),
  resize({ mode: 'linear', coordinate_transformation_mode: 'asymmetric' }, { scales: [1, 1, 0.7, 1.7] }),
  resize(
    { mode: 'linear', coordinate_transformation_mode: 'half_pixel_symmetric' },
    { scales: [1, 1, 0.7, 1.7] },
    19,
  ),
  resize({ mode: 'cubic' }, odd),
  resize({ mode: 'cubic', coordinate_transformation_mode: 'align_corners' }, { scales: [1, 1, 2, 1.5] }),
];

/** The one node as a graph. */
export function graphOfComposite({
  op,
  inputs,
  constants = [],
  attributes = {},
  opset = 17,
}: CompositeCase): Graph {
  const infos = inputs.map(({ shape }, i) => ({ name: `x${i}`, dataType: 'float32' as const, shape }));
  const initializers = new Map(
    constants.flatMap((tensor, i): [string, Tensor][] => (tensor === null ? [] : [[`c${i}`, tensor]])),
  );
  const names = constants.map((tensor, i) => (tensor === null ? '' : `c${i}`));
  const node = {
    op,
    domain: '',
    name: op,
    inputs: [...infos.map(({ name }) => name), ...names],
    outputs: ['y'],
    attributes,
  };
  const graph: Graph = { name: op, opset, inputs: infos, outputs: [], initializers, nodes: [node] };
  const type = inferShapes(graph).get('y');
  if (type === undefined) throw new Error(`no type for ${op}`);
  return { ...graph, outputs: [{ name: 'y', ...type }] };
}
