import { ModelError } from './graph.js';
import type { ArrayOf, DataType } from './tensor.js';

/** `TensorProto.DataType` of the ONNX wire format, for the element types that this package handles. */
const CODES: Readonly<Record<DataType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
};

/** Element types of the wire format that are outside this package, by code: named in error messages. */
const FOREIGN: ReadonlyMap<number, string> = new Map([
  [0, 'undefined'],
  [8, 'string'],
  [12, 'uint32'],
  [13, 'uint64'],
  [14, 'complex64'],
  [15, 'complex128'],
  [16, 'bfloat16'],
  [17, 'float8e4m3fn'],
  [18, 'float8e4m3fnuz'],
  [19, 'float8e5m2'],
  [20, 'float8e5m2fnuz'],
  [21, 'uint4'],
  [22, 'int4'],
  [23, 'float4e2m1'],
]);

const BY_CODE: ReadonlyMap<number, DataType> = new Map(
  Object.entries(CODES).map(([dataType, code]) => [code, dataType as DataType]),
);

/** What holds the elements of each type: see `ArrayOf`. */
export const ELEMENT_ARRAYS: {
  readonly [K in DataType]: new (buffer: ArrayBufferLike, byteOffset?: number, length?: number) => ArrayOf[K];
} = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** Bytes of one element. */
export const BYTES_PER_ELEMENT: Readonly<Record<DataType, number>> = {
  float32: 4,
  float64: 8,
  float16: 2,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint16: 2,
  uint8: 1,
  bool: 1,
};

/** The ONNX code of an element type, as the attribute `to` of Cast wants it. */
export function codeOfDataType(dataType: DataType): number {
  return CODES[dataType];
}

/** Whether an ONNX code is that of an element type that has derivatives. */
export function isFloatCode(code: number): boolean {
  return BY_CODE.get(code)?.startsWith('float') === true;
}

/**
 * The element type behind an ONNX code.
 * @throws {ModelError} naming `place` and the type, when it is one that no runtime here shares.
 */
export function dataTypeOfCode(code: number, place: string): DataType {
  const dataType = BY_CODE.get(code);
  if (dataType !== undefined) return dataType;
  const foreign = FOREIGN.get(code) ?? `number ${code}`;
  throw new ModelError(
    `${place} has element type ${foreign}, which is not supported; supported are ${Object.keys(CODES).join(', ')}`,
  );
}

/** A typed array over `buffer` that holds elements of `dataType`. */
export function arrayOver<T extends DataType>(dataType: T, buffer: ArrayBuffer): ArrayOf[T] {
  return new ELEMENT_ARRAYS[dataType](buffer);
}

/**
 * The bytes as elements of `dataType`: a view of them where they lie as that type must, else of a copy.
 * `undefined` when they hold no whole number of elements.
 */
export function viewAs<T extends DataType>(dataType: T, bytes: Uint8Array): ArrayOf[T] | undefined {
  const width = BYTES_PER_ELEMENT[dataType];
  if (bytes.length % width !== 0) return undefined;
  const aligned = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
  return new ELEMENT_ARRAYS[dataType](aligned.buffer, aligned.byteOffset, bytes.length / width);
}
