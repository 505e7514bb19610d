import { float32, int32, int8, ints } from './flatbuffer-writer.js';
import type { ModelSpec, OperatorSpec, TensorSpec } from './model-writer.js';
import { float32Bytes, int32Bytes, int8Bytes } from './model-writer.js';

/** Seeded numbers in [-1, 1). */
export function numbers(count: number, seed = 1): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const size = (shape: readonly number[]): number => shape.reduce((product, dim) => product * dim, 1);
const weights = (shape: readonly number[], seed = 7): TensorSpec => ({
  shape,
  data: float32Bytes(numbers(size(shape), seed)),
});
const integers = (list: readonly number[], shape = [list.length]): TensorSpec => ({
  type: 'int32',
  shape,
  data: int32Bytes(list),
});

/** A model of one operator: input 0 is fed, constants follow, then the outputs. */
function single(
  code: number,
  [input, output]: readonly [readonly number[], readonly number[]],
  constants: readonly TensorSpec[] = [],
  options?: OperatorSpec['options'],
): ModelSpec {
  const count = constants.length + 1;
  const inputs = Array.from({ length: count }, (_, i) => i);
  return {
    tensors: [{ shape: input }, ...constants, { shape: output }],
    operators: [{ code, inputs, outputs: [count], ...(options === undefined ? {} : { options }) }],
    inputs: [0],
    outputs: [count],
  };
}

/** An operator whose fed input is not its first. */
function second(model: ModelSpec, order: readonly number[]): ModelSpec {
  return { ...model, operators: model.operators.map((operator) => ({ ...operator, inputs: order })) };
}

const IMAGE = [1, 5, 7, 4];
const SAME = int8(0);
const VALID = int8(1);
const same = (code: number, options?: OperatorSpec['options']): ModelSpec =>
  single(code, [IMAGE, IMAGE], [], options);
const NO_ACTIVATION = int8(0);

/** One model for each operator, by its name and what is special about it. */
export const OPERATOR_MODELS: Readonly<Record<string, ModelSpec>> = {
  'ADD with RELU6': single(0, [IMAGE, IMAGE], [weights([4])], [11, int8(3)]),
  'AVERAGE_POOL_2D SAME': single(
    1,
    [IMAGE, [1, 3, 4, 4]],
    [],
    [5, SAME, int32(2), int32(2), int32(3), int32(2), NO_ACTIVATION],
  ),
  'AVERAGE_POOL_2D VALID': single(
    1,
    [IMAGE, [1, 2, 3, 4]],
    [],
    [5, VALID, int32(2), int32(2), int32(2), int32(3), int8(1)],
  ),
  CONCATENATION: second(single(2, [IMAGE, [1, 5, 7, 8]], [], [10, int32(-1), NO_ACTIVATION]), [0, 0]),
  'CONV_2D SAME, stride 2': single(
    3,
    [IMAGE, [1, 3, 4, 6]],
    [weights([6, 3, 2, 4]), weights([6], 3)],
    [1, SAME, int32(2), int32(2), int8(1)],
  ),
  'CONV_2D VALID, dilated': single(
    3,
    [IMAGE, [1, 1, 5, 2]],
    [weights([2, 3, 2, 4]), weights([2], 3)],
    [1, VALID, int32(1), int32(1), NO_ACTIVATION, int32(2), int32(2)],
  ),
  'DEPTHWISE_CONV_2D of two filters a channel': single(
    4,
    [IMAGE, [1, 3, 4, 8]],
    [weights([1, 3, 3, 8]), weights([8], 3)],
    [2, SAME, int32(2), int32(2), int32(2), int8(3)],
  ),
  DEPTH_TO_SPACE: single(5, [IMAGE, [1, 10, 14, 1]], [], [94, int32(2)]),
  'FULLY_CONNECTED of an image': single(
    9,
    [
      [1, 2, 3, 4],
      [1, 5],
    ],
    [weights([5, 24]), weights([5], 3)],
    [8, int8(1)],
  ),
  L2_NORMALIZATION: same(11, [12, NO_ACTIVATION]),
  LOGISTIC: same(14),
  'MAX_POOL_2D SAME': single(
    17,
    [IMAGE, [1, 3, 4, 4]],
    [],
    [5, SAME, int32(2), int32(2), int32(3), int32(3), NO_ACTIVATION],
  ),
  MUL: single(18, [IMAGE, IMAGE], [weights([1, 1, 1, 4])], [21, NO_ACTIVATION]),
  RELU: same(19),
  RELU_N1_TO_1: same(20),
  RELU6: same(21),
  'RESHAPE, flatten': single(22, [IMAGE, [1, 140]], [integers([-1, 140])], [17, ints([-1, 140])]),
  'RESIZE_BILINEAR half-pixel': single(
    23,
    [IMAGE, [1, 9, 4, 4]],
    [integers([9, 4])],
    [15, undefined, undefined, int8(0), int8(1)],
  ),
  'RESIZE_BILINEAR aligned corners': single(
    23,
    [IMAGE, [1, 9, 4, 4]],
    [integers([9, 4])],
    [15, undefined, undefined, int8(1), int8(0)],
  ),
  SOFTMAX: single(
    25,
    [
      [1, 9],
      [1, 9],
    ],
    [],
    [9, float32(1)],
  ),
  SPACE_TO_DEPTH: single(
    26,
    [
      [1, 4, 6, 3],
      [1, 2, 3, 12],
    ],
    [],
    [19, int32(2)],
  ),
  TANH: same(28),
  PAD: single(34, [IMAGE, [1, 8, 8, 4]], [integers([0, 0, 1, 2, 0, 1, 0, 0], [4, 2])], [22]),
  'TRANSPOSE back and forth': single(39, [IMAGE, [1, 4, 7, 5]], [integers([0, 3, 2, 1])], [26]),
  MEAN: single(40, [IMAGE, [1, 4]], [integers([1, 2])], [27, int8(0)]),
  'SUB from a constant': second(
    single(41, [IMAGE, IMAGE], [weights([5, 1, 4])], [28, NO_ACTIVATION]),
    [1, 0],
  ),
  DIV: single(42, [IMAGE, IMAGE], [weights([4])], [29, NO_ACTIVATION]),
  SQUEEZE: single(
    43,
    [
      [1, 1, 1, 4],
      [1, 4],
    ],
    [],
    [30, ints([1, 2])],
  ),
  'STRIDED_SLICE backwards': single(
    45,
    [IMAGE, [1, 2, 3, 4]],
    [integers([0, 1, 5, 0]), integers([1, 4, 0, 0]), integers([1, 2, -2, 1])],
    [32, int32(9), int32(9), int32(0), int32(0), int32(0)],
  ),
  'STRIDED_SLICE at one index': single(
    45,
    [IMAGE, [1, 5, 4]],
    [integers([0, 0, 3, 0]), integers([0, 0, 4, 0]), integers([1, 1, 1, 1])],
    [32, int32(11), int32(11), int32(0), int32(0), int32(4)],
  ),
  EXP: same(47),
  LOG_SOFTMAX: single(
    50,
    [
      [1, 9],
      [1, 9],
    ],
    [],
    [36],
  ),
  PRELU: single(54, [IMAGE, IMAGE], [weights([1, 1, 4])]),
  MAXIMUM: single(55, [IMAGE, IMAGE], [weights([4])], [39]),
  MINIMUM: single(57, [IMAGE, IMAGE], [weights([4])], [39]),
  NEG: same(59, [42]),
  SLICE: single(65, [IMAGE, [1, 2, 7, 3]], [integers([0, 2, 0, 1]), integers([1, 2, -1, 3])], [48]),
  'TRANSPOSE_CONV SAME': second(
    single(
      67,
      [
        [1, 3, 4, 2],
        [1, 5, 8, 3],
      ],
      [integers([1, 5, 8, 3]), weights([3, 3, 3, 2])],
      [49, SAME, int32(2), int32(2)],
    ),
    [1, 2, 0],
  ),
  'TRANSPOSE_CONV VALID': second(
    single(
      67,
      [
        [1, 3, 4, 2],
        [1, 7, 9, 3],
      ],
      [integers([1, 7, 9, 3]), weights([3, 3, 3, 2])],
      [49, VALID, int32(2), int32(2)],
    ),
    [1, 2, 0],
  ),
  SUM: single(74, [IMAGE, [1, 5, 1, 4]], [integers([2])], [27, int8(1)]),
  REDUCE_MAX: single(82, [IMAGE, [1, 5, 7]], [integers([3])], [27, int8(0)]),
  SQUARE: same(92, [66]),
  'RESIZE_NEAREST_NEIGHBOR half-pixel': single(
    97,
    [IMAGE, [1, 9, 4, 4]],
    [integers([9, 4])],
    [74, int8(0), int8(1)],
  ),
  LEAKY_RELU: same(98, [75, float32(0.2)]),
  SQUARED_DIFFERENCE: single(99, [IMAGE, IMAGE], [weights([4])], [76]),
  'MIRROR_PAD REFLECT': single(
    100,
    [IMAGE, [1, 8, 8, 4]],
    [integers([0, 0, 1, 2, 1, 0, 0, 0], [4, 2])],
    [77, int8(0)],
  ),
  ABS: same(101, [78]),
  ELU: same(111),
  HARD_SWISH: same(117, [91]),
  'BATCH_MATMUL with a transposed factor': single(
    126,
    [
      [1, 3, 4],
      [1, 3, 5],
    ],
    [weights([1, 5, 4])],
    [101, int8(0), int8(1)],
  ),
  GELU: same(150, [116, int8(0)]),
  'GELU approximated': same(150, [116, int8(1)]),
  'SPLIT and ADD': {
    tensors: [
      { shape: IMAGE },
      integers([3], []),
      { shape: [1, 5, 7, 2] },
      { shape: [1, 5, 7, 2] },
      { shape: [1, 5, 7, 2] },
    ],
    operators: [
      { code: 49, inputs: [1, 0], outputs: [2, 3], options: [35, int32(2)] },
      { code: 0, inputs: [2, 3], outputs: [4], options: [11, NO_ACTIVATION] },
    ],
    inputs: [0],
    outputs: [4],
  },
  'UNPACK and PACK': {
    tensors: [{ shape: [1, 2, 3] }, { shape: [1, 3] }, { shape: [1, 3] }, { shape: [1, 3, 2] }],
    operators: [
      { code: 88, inputs: [0], outputs: [1, 2], options: [64, int32(2), int32(1)] },
      { code: 83, inputs: [2, 1], outputs: [3], options: [59, int32(2), int32(2)] },
    ],
    inputs: [0],
    outputs: [3],
  },
  'DEQUANTIZE of float16 weights': {
    tensors: [
      { shape: [1, 4] },
      {
        type: 'float16',
        shape: [2, 4],
        data: new Uint8Array(
          Uint16Array.of(0x3c00, 0xc000, 0x3555, 0x0001, 0x7bff, 0x0400, 0x8000, 0x2e66).buffer,
        ),
      },
      { shape: [2, 4] },
      { shape: [1, 2] },
    ],
    operators: [
      { code: 6, inputs: [1], outputs: [2] },
      { code: 9, inputs: [0, 2, -1], outputs: [3], options: [8, NO_ACTIVATION] },
    ],
    inputs: [0],
    outputs: [3],
  },
  EXPAND_DIMS: single(70, [IMAGE, [1, 5, 1, 7, 4]], [integers([2])], [52]),
  PADV2: single(60, [IMAGE, [1, 6, 9, 4]], [integers([0, 0, 1, 0, 0, 2, 0, 0], [4, 2]), weights([1])], [43]),
  REDUCE_MIN: single(89, [IMAGE, [1, 5, 7]], [integers([-1])], [27, int8(0)]),
  ADD_N: second(single(106, [IMAGE, IMAGE], [], [79]), [0, 0, 0]),
  'SQRT of a SQUARE': chained(92, 75),
  'RSQRT of EXP': chained(47, 76),
  'LOG of EXP': chained(47, 73),
  'SPLIT_V of unequal parts': {
    tensors: [
      { shape: IMAGE },
      integers([3, 1]),
      integers([3], []),
      { shape: [1, 5, 7, 3] },
      { shape: [1, 5, 7, 1] },
      { shape: [1, 5, 7, 3] },
    ],
    operators: [
      { code: 102, inputs: [0, 1, 2], outputs: [3, 4], options: [79, int32(2)] },
      { code: 18, inputs: [3, 4], outputs: [5], options: [21, NO_ACTIVATION] },
    ],
    inputs: [0],
    outputs: [5],
  },
  'int8 CONV_2D of several scales': quantized(
    { code: 3, inputs: [1, 3, 4], outputs: [2], options: [1, SAME, int32(1), int32(1), int8(3)] },
    [IMAGE, [1, 5, 7, 2]],
    [
      {
        type: 'int8',
        shape: [2, 3, 3, 4],
        data: int8Bytes(numbers(72, 5).map((x) => 127 * x)),
        scales: [0.01, 0.003],
      },
      { type: 'int32', shape: [2], data: int32Bytes([300, -200]), scales: [0.0001, 0.00003] },
    ],
  ),
  'int8 FULLY_CONNECTED of one scale': quantized(
    { code: 9, inputs: [1, 3, 4], outputs: [2], options: [8, int8(1)] },
    [
      [1, 12],
      [1, 6],
    ],
    [
      { type: 'int8', shape: [6, 12], data: int8Bytes(numbers(72, 5).map((x) => 127 * x)), scales: [0.01] },
      { type: 'int32', shape: [6], data: int32Bytes([300, -200, 100, 0, 5, -1000]), scales: [0.0001] },
    ],
  ),
  'int8 MEAN': quantized(
    { code: 40, inputs: [1, 3], outputs: [2], options: [27, int8(1)] },
    [IMAGE, [1, 1, 1, 4]],
    [integers([1, 2])],
  ),
  'int8 ADD of a constant': quantized(
    { code: 0, inputs: [1, 3], outputs: [2], options: [11, int8(1)] },
    [IMAGE, IMAGE],
    [
      {
        type: 'int8',
        shape: [1, 1, 1, 4],
        data: int8Bytes([100, -50, 3, 7]),
        scales: [0.02],
        zeroPoints: [5],
      },
    ],
  ),
};

/** Two functions of one value, one after the other. */
function chained(first: number, then: number): ModelSpec {
  return {
    tensors: [{ shape: IMAGE }, { shape: IMAGE }, { shape: IMAGE }],
    operators: [
      { code: first, inputs: [0], outputs: [1] },
      { code: then, inputs: [1], outputs: [2] },
    ],
    inputs: [0],
    outputs: [2],
  };
}

/** An 8-bit operator between QUANTIZE and DEQUANTIZE. Tensors: fed, 8-bit input, 8-bit output, constants, result. */
function quantized(
  operator: OperatorSpec,
  [input, output]: readonly [readonly number[], readonly number[]],
  constants: readonly TensorSpec[],
): ModelSpec {
  const last = 3 + constants.length;
  return {
    tensors: [
      { shape: input },
      { type: 'int8', shape: input, scales: [0.01], zeroPoints: [-3] },
      { type: 'int8', shape: output, scales: [0.02], zeroPoints: [-10] },
      ...constants,
      { shape: output },
    ],
    operators: [
      { code: 114, inputs: [0], outputs: [1] },
      operator,
      { code: 6, inputs: [2], outputs: [last] },
    ],
    inputs: [0],
    outputs: [last],
  };
}
