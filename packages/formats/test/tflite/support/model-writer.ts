import type { Stored } from './flatbuffer-writer.js';
import {
  bytes,
  floats,
  int32,
  int8,
  ints,
  longs,
  string,
  table,
  tables,
  writeFlatbuffer,
} from './flatbuffer-writer.js';

const TYPES = { float32: 0, float16: 1, int32: 2, uint8: 3, int64: 4, bool: 6, int16: 7, int8: 9 } as const;

export interface TensorSpec {
  readonly type?: keyof typeof TYPES;
  readonly shape: readonly number[];
  readonly data?: Uint8Array;
  readonly scales?: readonly number[];
  readonly zeroPoints?: readonly number[];
  readonly axis?: number;
}

export interface OperatorSpec {
  /** Code of the operator. */
  readonly code: number;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Member of the union of options, and its fields. */
  readonly options?: readonly [type: number, ...fields: (Stored | undefined)[]];
}

export interface ModelSpec {
  readonly tensors: readonly TensorSpec[];
  readonly operators: readonly OperatorSpec[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly version?: number;
}

/** Writes a TFLite file. Tensor `i` is called `ti`. */
export function writeTflite({ tensors, operators, inputs, outputs, version = 3 }: ModelSpec): Uint8Array {
  const buffers = [
    table(),
    ...tensors.map(({ data }) => (data === undefined ? table() : table(bytes(data)))),
  ];
  const subgraph = table(
    tables(...tensors.map((tensor, i) => writeTensor(tensor, i))),
    ints(inputs),
    ints(outputs),
    tables(
      ...operators.map((operator, i) =>
        table(int32(i), ints(operator.inputs), ints(operator.outputs), ...writeOptions(operator)),
      ),
    ),
  );
  const codes = operators.map(({ code }) =>
    table(int8(Math.min(code, 127)), undefined, int32(1), int32(code)),
  );
  const model = table(int32(version), tables(...codes), tables(subgraph), undefined, tables(...buffers));
  return writeFlatbuffer(model, 'TFL3');
}

function writeTensor(
  { type = 'float32', shape, scales, zeroPoints, axis = 0 }: TensorSpec,
  index: number,
): Stored {
  const quantization =
    scales === undefined
      ? undefined
      : table(
          undefined,
          undefined,
          floats(scales),
          longs(zeroPoints ?? scales.map(() => 0)),
          undefined,
          undefined,
          int32(axis),
        );
  return table(ints(shape), int8(TYPES[type]), int32(index + 1), string(`t${index}`), quantization);
}

function writeOptions({ options }: OperatorSpec): readonly (Stored | undefined)[] {
  if (options === undefined) return [];
  const [type, ...fields] = options;
  return [int8(type), table(...fields)];
}

/** Constants as bytes. */
export const float32Bytes = (list: ArrayLike<number>): Uint8Array =>
  new Uint8Array(Float32Array.from(list).buffer);
export const int32Bytes = (list: readonly number[]): Uint8Array =>
  new Uint8Array(Int32Array.from(list).buffer);
export const int8Bytes = (list: ArrayLike<number>): Uint8Array => new Uint8Array(Int8Array.from(list).buffer);
