import { BYTES_PER_ELEMENT, arrayOver, codeOfDataType, dataTypeOfCode } from '../data-types.js';
import { ModelError } from '../graph.js';
import type { DataType, Tensor } from '../tensor.js';
import type { WireLong, WireTensor } from './wire.js';
import { toBigInt, toNumber } from './wire.js';

/** Most elements that a tensor or an input of fixed size may declare. */
export const MAX_ELEMENTS = 2 ** 31 - 1;

const EXTERNAL = 1;

/**
 * Reads a tensor from raw bytes or from typed fields, whichever the file uses.
 * @param place how messages name it: `initializer "w"`.
 * @throws {ModelError} for external data, an unsupported element type, or contents that do not fit its shape.
 */
export function decodeTensor(wire: WireTensor, place: string): Tensor {
  if (wire.dataLocation === EXTERNAL || wire.externalData.length > 0) {
    const file = wire.externalData.find(({ key }) => key === 'location')?.value ?? 'an unnamed file';
    throw new ModelError(
      `${place} keeps its data outside the model in "${file}"; save the model with its weights inside one file`,
    );
  }
  const dataType = dataTypeOfCode(wire.dataType, place);
  const shape = wire.dims.map((dim) => checkSize(toNumber(dim), place));
  const size = checkElements(shape, place);
  const data = wire.rawData.length > 0 ? readRaw(wire.rawData, dataType) : readTyped(wire, dataType);
  if (data?.length !== size) {
    throw new ModelError(
      `${place} declares ${size} ${dataType} elements of shape [${shape.join(', ')}] but holds ` +
        (data === undefined ? `${wire.rawData.length} bytes` : `${data.length}`),
    );
  }
  return { dataType, shape, data } as Tensor;
}

/** A declared dimension, when it is one that can be. @throws {ModelError} naming `place`. */
export function checkSize(size: number, place: string): number {
  if (Number.isInteger(size) && size >= 0 && size <= MAX_ELEMENTS) return size;
  throw new ModelError(`${place} declares a dimension of ${size}, allowed are 0 to ${MAX_ELEMENTS}`);
}

/** Elements of a declared shape. @throws {ModelError} naming `place` when they are too many. */
export function checkElements(shape: readonly number[], place: string): number {
  const size = shape.reduce((product, dim) => product * dim, 1);
  if (size <= MAX_ELEMENTS) return size;
  throw new ModelError(`${place} declares shape [${shape.join(', ')}], more than ${MAX_ELEMENTS} elements`);
}

/** The bytes copied to where their element type may be aligned; `undefined` when they hold no whole number of elements. */
function readRaw(bytes: Uint8Array, dataType: DataType): Tensor['data'] | undefined {
  if (bytes.length % BYTES_PER_ELEMENT[dataType] !== 0) return undefined;
  return arrayOver(dataType, Uint8Array.from(bytes).buffer);
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
