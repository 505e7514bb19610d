import { UnpairError } from '@unpair/errors';

/** An array in numpy's format, in the types that sample sets use. */
export type NpyArray =
  | { readonly shape: readonly number[]; readonly data: Uint8Array }
  | { readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly shape: readonly number[]; readonly data: BigInt64Array };

type Decode = (bytes: ArrayBuffer) => NpyArray['data'];

interface ElementType {
  readonly bytes: number;
  readonly decode: Decode;
}

const integers = (array: ArrayLike<number>): BigInt64Array => BigInt64Array.from(Array.from(array), BigInt);

/** numpy's type strings that are read; other integers become int64 and other floats float32. */
const TYPES: Readonly<Record<string, ElementType>> = {
  '|u1': { bytes: 1, decode: (bytes) => new Uint8Array(bytes) },
  '<f4': { bytes: 4, decode: (bytes) => new Float32Array(bytes) },
  '<f8': { bytes: 8, decode: (bytes) => Float32Array.from(new Float64Array(bytes)) },
  '<i8': { bytes: 8, decode: (bytes) => new BigInt64Array(bytes) },
  '<i4': { bytes: 4, decode: (bytes) => integers(new Int32Array(bytes)) },
  '<i2': { bytes: 2, decode: (bytes) => integers(new Int16Array(bytes)) },
  '<u2': { bytes: 2, decode: (bytes) => integers(new Uint16Array(bytes)) },
  '<u4': { bytes: 4, decode: (bytes) => integers(new Uint32Array(bytes)) },
};

const MAGIC = '\x93NUMPY';
const ALIGNMENT = 64;

/**
 * Decodes one `.npy` file. The declared shape must account for every byte, so a huge one costs nothing.
 * @throws {UnpairError} DATA_LOSS when it is truncated, INVALID_ARGUMENT when its type or order is not read here.
 */
export function decodeNpy(path: string, file: Uint8Array): NpyArray {
  const { header, start } = splitHeader(path, file);
  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const dims = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (descr === undefined || order === undefined || dims === undefined) throw malformed(path);
  const type = TYPES[descr];
  if (!type || order === 'True') {
    const what = type ? 'is in Fortran order' : `has element type ${descr}`;
    throw new UnpairError(
      'INVALID_ARGUMENT',
      `${path} ${what}, which is not read: save it as uint8, float32 or int64 in C order`,
    );
  }
  const shape = dims
    .split(',')
    .map((dim) => dim.trim())
    .filter((dim) => dim !== '')
    .map(Number);
  // A copy: the view may start at any offset of a pooled buffer, which typed arrays of wider elements refuse.
  const body = new Uint8Array(file.subarray(start));
  const expected = shape.reduce((product, dim) => product * dim, type.bytes);
  if (expected !== body.length) {
    throw new UnpairError(
      'DATA_LOSS',
      `${path} declares shape [${shape.join(', ')}], which is ${expected} bytes, but holds ${body.length}`,
    );
  }
  return { shape, data: type.decode(body.buffer) } as NpyArray;
}

function splitHeader(path: string, file: Uint8Array): { readonly header: string; readonly start: number } {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 12 || latin1(file.subarray(0, 6)) !== MAGIC) throw malformed(path);
  const wide = (file[6] ?? 0) >= 2;
  const headerStart = wide ? 12 : 10;
  const start = headerStart + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  if (start > file.length) throw malformed(path);
  return { header: latin1(file.subarray(headerStart, start)), start };
}

/** Encodes one array as `.npy`, version 1.0, byte for byte as numpy would. */
export function encodeNpy({ shape, data }: NpyArray): Uint8Array<ArrayBuffer> {
  const descr = data instanceof Uint8Array ? '|u1' : data instanceof Float32Array ? '<f4' : '<i8';
  const dims = shape.length === 1 ? `${shape.join('')},` : shape.join(', ');
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${dims}), }`;
  const length = Math.ceil((10 + dict.length + 1) / ALIGNMENT) * ALIGNMENT;
  const out = new Uint8Array(length + data.byteLength);
  const header = `${MAGIC}\x01\x00\x00\x00${dict.padEnd(length - 11)}\n`;
  for (let index = 0; index < header.length; index++) out[index] = header.charCodeAt(index);
  new DataView(out.buffer).setUint16(8, length - 10, true);
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), length);
  return out;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function malformed(path: string): UnpairError {
  return new UnpairError('DATA_LOSS', `${path} is not a complete numpy array`);
}
