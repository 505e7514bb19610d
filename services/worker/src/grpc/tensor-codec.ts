import { UnpairError } from '@unpair/errors';
import type { InferTensorContents } from '@unpair/protocol';
import { sizeOf, type DataType, type Tensor } from '@unpair/graph';

/** The Open Inference Protocol's names of the element types that our graphs know. */
const names: Readonly<Record<DataType, string>> = {
  float32: 'FP32',
  float64: 'FP64',
  float16: 'FP16',
  int64: 'INT64',
  int32: 'INT32',
  int16: 'INT16',
  int8: 'INT8',
  uint16: 'UINT16',
  uint8: 'UINT8',
  bool: 'BOOL',
};

const dataTypes: ReadonlyMap<string, DataType> = new Map(
  Object.entries(names).map(([dataType, name]) => [name, dataType as DataType]),
);

type ElementArray = Tensor['data'];

/** Copies raw bytes, since a slice of a message need not be aligned. */
const fromBytes: Readonly<Record<DataType, (bytes: ArrayBuffer) => ElementArray>> = {
  float32: (bytes) => new Float32Array(bytes),
  float64: (bytes) => new Float64Array(bytes),
  float16: (bytes) => new Uint16Array(bytes),
  int64: (bytes) => new BigInt64Array(bytes),
  int32: (bytes) => new Int32Array(bytes),
  int16: (bytes) => new Int16Array(bytes),
  int8: (bytes) => new Int8Array(bytes),
  uint16: (bytes) => new Uint16Array(bytes),
  uint8: (bytes) => new Uint8Array(bytes),
  bool: (bytes) => new Uint8Array(bytes),
};

/** Element types as typed contents carry them; half precision has no such field and travels raw only. */
const fromContents: Partial<Record<DataType, (contents: InferTensorContents) => ElementArray>> = {
  float32: ({ fp32Contents }) => Float32Array.from(fp32Contents),
  float64: ({ fp64Contents }) => Float64Array.from(fp64Contents),
  int64: ({ int64Contents }) => BigInt64Array.from(int64Contents, BigInt),
  int32: ({ intContents }) => Int32Array.from(intContents),
  int16: ({ intContents }) => Int16Array.from(intContents),
  int8: ({ intContents }) => Int8Array.from(intContents),
  uint16: ({ uintContents }) => Uint16Array.from(uintContents),
  uint8: ({ uintContents }) => Uint8Array.from(uintContents),
  bool: ({ boolContents }) => Uint8Array.from(boolContents, Number),
};

/** The protocol's name of an element type. */
export function datatypeName(dataType: DataType): string {
  return names[dataType];
}

/** A tensor as a request describes it, without its elements. */
export interface TensorHeader {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/**
 * A tensor from its raw bytes: row-major, little-endian.
 * @throws UnpairError INVALID_ARGUMENT
 */
export function decodeRaw(header: TensorHeader, bytes: Uint8Array): Tensor {
  const dataType = dataTypeOf(header);
  const copy = new Uint8Array(bytes).buffer;
  const width = fromBytes[dataType](new ArrayBuffer(0)).BYTES_PER_ELEMENT;
  if (bytes.length % width !== 0) {
    throw invalid(header, `its ${bytes.length} bytes are no whole number of ${header.datatype} elements`);
  }
  return assemble(header, dataType, fromBytes[dataType](copy));
}

/**
 * A tensor from its typed contents.
 * @throws UnpairError INVALID_ARGUMENT
 */
export function decodeContents(header: TensorHeader, contents: InferTensorContents | undefined): Tensor {
  const dataType = dataTypeOf(header);
  const read = fromContents[dataType];
  if (read === undefined) throw invalid(header, `${header.datatype} can only travel in raw_input_contents`);
  if (contents === undefined) throw invalid(header, 'it has neither contents nor raw_input_contents');
  return assemble(header, dataType, read(contents));
}

/** The elements of a tensor as raw bytes. */
export function encodeRaw({ data }: Tensor): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

const noContents: InferTensorContents = {
  boolContents: [],
  intContents: [],
  int64Contents: [],
  uintContents: [],
  uint64Contents: [],
  fp32Contents: [],
  fp64Contents: [],
  bytesContents: [],
};

/**
 * The elements of a tensor as typed contents; undefined where the protocol has no field for their type, or they are
 * integers beyond ±2^53, which numbers do not hold.
 */
export function encodeContents(tensor: Tensor): InferTensorContents | undefined {
  switch (tensor.dataType) {
    case 'float32':
      return { ...noContents, fp32Contents: [...tensor.data] };
    case 'float64':
      return { ...noContents, fp64Contents: [...tensor.data] };
    case 'int64': {
      const numbers = Array.from(tensor.data, Number);
      return numbers.every(Number.isSafeInteger) ? { ...noContents, int64Contents: numbers } : undefined;
    }
    case 'int32':
    case 'int16':
    case 'int8':
      return { ...noContents, intContents: [...tensor.data] };
    case 'uint16':
    case 'uint8':
      return { ...noContents, uintContents: [...tensor.data] };
    case 'bool':
      return { ...noContents, boolContents: Array.from(tensor.data, Boolean) };
    case 'float16':
      return undefined;
  }
}

function dataTypeOf(header: TensorHeader): DataType {
  const dataType = dataTypes.get(header.datatype);
  if (dataType !== undefined) return dataType;
  throw invalid(header, `datatype "${header.datatype}" is none of ${[...dataTypes.keys()].join(', ')}`);
}

function assemble({ name, datatype, shape }: TensorHeader, dataType: DataType, data: ElementArray): Tensor {
  if (shape.some((dim) => dim < 0) || sizeOf(shape) !== data.length) {
    const text = `shape [${shape.join(', ')}] does not hold its ${data.length} elements`;
    throw invalid({ name, datatype, shape }, text);
  }
  return { dataType, shape: [...shape], data } as Tensor;
}

function invalid({ name }: TensorHeader, problem: string): UnpairError {
  return new UnpairError('INVALID_ARGUMENT', `Input "${name}": ${problem}.`);
}
