import { BYTES_PER_ELEMENT, arrayOver, codeOfDataType, dataTypeOfCode, viewAs } from '../data-types.js';
import { ModelError } from '../graph.js';
import { MAX_RANK } from '../shapes/rule.js';
import type { DataType, Tensor } from '../tensor.js';
import type { WireLong, WireTensor } from './wire.js';
import { toBigInt, toNumber } from './wire.js';

/** Most elements that a tensor or an input of fixed size may declare. */
const MAX_ELEMENTS = 2 ** 31 - 1;

const EXTERNAL = 1;

/** Where a tensor's data lies outside the model file. */
export interface ExternalData {
  /** Path relative to the model file, as the file has it: what reads it must refuse paths that lead elsewhere. */
  readonly location: string;
  /** Bytes to skip. */
  readonly offset: number;
  /** Bytes to read. */
  readonly length: number;
}

/** Reads external data: exactly `length` bytes. What it throws is passed on. */
export type ReadExternal = (data: ExternalData) => Uint8Array;

/**
 * Reads a tensor from raw bytes, typed fields or a file beside the model, whichever the file uses. Raw bytes are not
 * copied where they are aligned: the tensor is a view of the file.
 * @param place how messages name it: `initializer "w"`.
 * @throws {ModelError} for external data that nobody reads, an unsupported element type, or contents that do not fit
 * its shape.
 */
export function decodeTensor(wire: WireTensor, place: string, readExternal?: ReadExternal): Tensor {
  const dataType = dataTypeOfCode(wire.dataType, place);
  const shape = wire.dims.map((dim) => checkSize(toNumber(dim), place));
  const size = checkElements(shape, place);
  const bytes = isExternal(wire)
    ? readBeside(wire, size * BYTES_PER_ELEMENT[dataType], place, readExternal)
    : wire.rawData;
  const data = bytes.length > 0 ? viewAs(dataType, bytes) : readTyped(wire, dataType);
  if (data?.length !== size) {
    throw new ModelError(
      `${place} declares ${size} ${dataType} elements of shape [${shape.join(', ')}] but holds ` +
        (data === undefined ? `${bytes.length} bytes` : `${data.length}`),
    );
  }
  return { dataType, shape, data } as Tensor;
}

function isExternal({ dataLocation, externalData }: WireTensor): boolean {
  return dataLocation === EXTERNAL || externalData.length > 0;
}

function readBeside(
  { externalData }: WireTensor,
  length: number,
  place: string,
  read: ReadExternal | undefined,
): Uint8Array {
  const entry = (name: string): string | undefined => externalData.find(({ key }) => key === name)?.value;
  const location = entry('location') ?? 'an unnamed file';
  if (read === undefined) {
    throw new ModelError(
      `${place} keeps its data outside the model in "${location}"; save the model with its weights inside one file`,
    );
  }
  const [offset, declared] = [Number(entry('offset') ?? 0), Number(entry('length') ?? length)];
  if (!Number.isSafeInteger(offset) || offset < 0 || declared !== length) {
    throw new ModelError(
      `${place} needs ${length} bytes of "${location}", but refers to ${entry('length') ?? length} from ${entry('offset') ?? 0}`,
    );
  }
  const bytes = read({ location, offset, length });
  if (bytes.length === length) return bytes;
  throw new ModelError(
    `${place} needs ${length} bytes of "${location}" from ${offset}, which has ${bytes.length}`,
  );
}

/** A declared dimension, when it is one that can be. @throws {ModelError} naming `place`. */
export function checkSize(size: number, place: string): number {
  if (Number.isInteger(size) && size >= 0 && size <= MAX_ELEMENTS) return size;
  throw new ModelError(`${place} declares a dimension of ${size}, allowed are 0 to ${MAX_ELEMENTS}`);
}

/** Elements of a declared shape. @throws {ModelError} naming `place` when they are too many. */
export function checkElements(shape: readonly number[], place: string): number {
  if (shape.length > MAX_RANK) {
    throw new ModelError(`${place} declares ${shape.length} dimensions, more than ${MAX_RANK}`);
  }
  const size = shape.reduce((product, dim) => product * dim, 1);
  if (size <= MAX_ELEMENTS) return size;
  throw new ModelError(`${place} declares shape [${shape.join(', ')}], more than ${MAX_ELEMENTS} elements`);
}

function readTyped(wire: WireTensor, dataType: DataType): Tensor['data'] {
  switch (dataType) {
    case 'float32':
      return Float32Array.from(wire.floatData);
    case 'float64':
      return Float64Array.from(wire.doubleData);
    case 'int64':
      return BigInt64Array.from(wire.int64Data, (long: WireLong) => toBigInt(long));
    default: {
      const array = arrayOver(dataType, new ArrayBuffer(wire.int32Data.length * BYTES_PER_ELEMENT[dataType]));
      array.set(wire.int32Data);
      return array;
    }
  }
}

/** A tensor as the wire format holds it, with raw little-endian contents. */
export function encodeTensor(tensor: Tensor, name = ''): object {
  const { data } = tensor;
  return {
    dims: tensor.shape,
    dataType: codeOfDataType(tensor.dataType),
    ...(name === '' ? {} : { name }),
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}
