import type { Tensor } from '@unpair/graph';
import { ModelError, float16Value, float32, sizeOf } from '@unpair/graph';

import type { Json } from './json.js';

/** Gives a shard's bytes by the path that model.json names. @throws whatever it throws when there is none. */
export type ReadShard = (path: string) => Uint8Array;

/** A weight: numbers in its shape, whatever they were stored as. Whole numbers are exact. */
export interface Weight {
  readonly tensor: Tensor<'float32'>;
  /** Whether the file stores whole numbers: shapes, axes, sizes. */
  readonly integer: boolean;
}

interface StoredType {
  readonly bytes: number;
  readonly read: (view: DataView, offset: number) => number;
}

const STORED: Readonly<Record<string, StoredType>> = {
  float32: { bytes: 4, read: (view, offset) => view.getFloat32(offset, true) },
  int32: { bytes: 4, read: (view, offset) => view.getInt32(offset, true) },
  bool: { bytes: 1, read: (view, offset) => view.getUint8(offset) },
};

/** What a quantized weight is stored as; the numbers are q·scale + min, or half floats as they are. */
const QUANTIZED: Readonly<Record<string, StoredType>> = {
  uint8: { bytes: 1, read: (view, offset) => view.getUint8(offset) },
  uint16: { bytes: 2, read: (view, offset) => view.getUint16(offset, true) },
  float16: { bytes: 2, read: (view, offset) => float16Value(view.getUint16(offset, true)) },
};

/**
 * Reads `weightsManifest`: groups of weights, each stored one behind the other over the group's shards.
 * @throws {ModelError} for a weight of an unknown type, of a shape that its group's bytes do not hold, or named twice.
 */
export function readWeights(manifest: Json, readShard: ReadShard): ReadonlyMap<string, Weight> {
  const weights = new Map<string, Weight>();
  for (const group of manifest.list()) {
    const paths = group
      .get('paths')
      .list()
      .map((path) => path.string());
    const bytes = joined(paths.map(readShard));
    let offset = 0;
    for (const entry of group.get('weights').list()) {
      const name = entry.get('name').string();
      if (weights.has(name)) throw new ModelError(`weight "${name}" is in the manifest twice`);
      const { weight, end } = readWeight(entry, name, bytes, offset);
      weights.set(name, weight);
      offset = end;
    }
  }
  return weights;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only, another] = parts;
  if (only !== undefined && another === undefined) return only;
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

function readWeight(
  entry: Json,
  name: string,
  bytes: Uint8Array,
  offset: number,
): { readonly weight: Weight; readonly end: number } {
  const shape = entry
    .get('shape')
    .list()
    .map((dim) => dim.integer(0));
  const { type, decode } = encodingOf(entry, name);
  const count = sizeOf(shape);
  const end = offset + count * type.bytes;
  if (!Number.isSafeInteger(end) || end > bytes.length) {
    throw new ModelError(
      `weight "${name}" of shape [${shape.join(', ')}] needs ${count * type.bytes} bytes, but its shards have ` +
        `${bytes.length - offset} left of ${bytes.length}`,
    );
  }
  const data = isPlain(entry)
    ? new Float32Array(new Uint8Array(bytes.subarray(offset, end)).buffer)
    : decoded(bytes.subarray(offset, end), count, { type, decode });
  return { weight: { tensor: float32(shape, data), integer: entry.get('dtype').value === 'int32' }, end };
}

/** Stored as it is used: nothing to decode number by number. */
const isPlain = (entry: Json): boolean =>
  entry.get('dtype').value === 'float32' && !entry.get('quantization').present;

function decoded(bytes: Uint8Array, count: number, { type, decode }: Encoding): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const data = new Float32Array(count);
  for (let i = 0; i < count; i++) data[i] = decode(type.read(view, i * type.bytes));
  return data;
}

interface Encoding {
  readonly type: StoredType;
  readonly decode: (stored: number) => number;
}

function encodingOf(entry: Json, name: string): Encoding {
  const dtype = entry.get('dtype').string();
  const stored = typeNamed(STORED, dtype, `weight "${name}"`);
  const quantization = entry.get('quantization');
  if (!quantization.present) return { type: stored, decode: (value) => value };
  const type = typeNamed(QUANTIZED, quantization.get('dtype').string(), `quantized weight "${name}"`);
  if (type === QUANTIZED['float16']) return { type, decode: (value) => value };
  const [scale, min] = [quantization.get('scale').number(), quantization.get('min').number()];
  return {
    type,
    decode: (value) => (dtype === 'int32' ? Math.round(value * scale + min) : value * scale + min),
  };
}

function typeNamed(types: Readonly<Record<string, StoredType>>, name: string, place: string): StoredType {
  const type = Object.hasOwn(types, name) ? types[name] : undefined;
  if (type !== undefined) return type;
  throw new ModelError(
    `${place} has element type "${name}", which is not supported; supported are ${Object.keys(types).join(', ')}`,
  );
}
