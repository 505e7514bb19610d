import protobuf from 'protobufjs/light.js';
import { descriptor } from '../gen/onnx.js';
import type { Integer } from '../graph.js';
import { ModelError } from '../graph.js';

/** A 64-bit integer as protobufjs holds it. */
export interface WireLong {
  readonly low: number;
  readonly high: number;
}

/** The messages of proto/onnx/onnx.proto as protobufjs reads them; absent fields hold their defaults. */
export interface WireModel {
  readonly irVersion: WireLong;
  readonly graph: WireGraph | null;
  readonly opsetImport: readonly WireOpset[];
  readonly functions: readonly WireFunction[];
}

export interface WireOpset {
  readonly domain: string;
  readonly version: WireLong;
}

export interface WireFunction {
  readonly name: string;
  readonly domain: string;
  readonly overload: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly node: readonly WireNode[];
  readonly opsetImport: readonly WireOpset[];
  readonly attributeProto: readonly WireAttribute[];
}

export interface WireGraph {
  readonly node: readonly WireNode[];
  readonly name: string;
  readonly initializer: readonly WireTensor[];
  readonly input: readonly WireValueInfo[];
  readonly output: readonly WireValueInfo[];
  readonly sparseInitializer: readonly { readonly values: WireTensor | null }[];
}

export interface WireNode {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name: string;
  readonly opType: string;
  readonly attribute: readonly WireAttribute[];
  readonly domain: string;
  readonly overload: string;
}

export interface WireAttribute {
  readonly name: string;
  readonly f: number;
  readonly i: WireLong;
  readonly s: Uint8Array;
  readonly t: WireTensor | null;
  readonly floats: readonly number[];
  readonly ints: readonly WireLong[];
  readonly strings: readonly Uint8Array[];
  readonly type: number;
  readonly refAttrName: string;
}

export interface WireValueInfo {
  readonly name: string;
  readonly type: {
    readonly tensorType: {
      readonly elemType: number;
      readonly shape: { readonly dim: readonly WireDim[] } | null;
    } | null;
  } | null;
}

/** Which of the two fields is set shows as the name in `value`. */
export interface WireDim {
  readonly value?: 'dimValue' | 'dimParam';
  readonly dimValue: WireLong;
  readonly dimParam: string;
}

export interface WireTensor {
  readonly dims: readonly WireLong[];
  readonly dataType: number;
  readonly floatData: readonly number[];
  readonly int32Data: readonly number[];
  readonly int64Data: readonly WireLong[];
  readonly doubleData: readonly number[];
  readonly name: string;
  readonly rawData: Uint8Array;
  readonly externalData: readonly { readonly key: string; readonly value: string }[];
  readonly dataLocation: number;
}

const modelType = protobuf.Root.fromJSON(descriptor).lookupType('onnx.ModelProto');

/** A 64-bit integer as a bigint. */
export function toBigInt({ low, high }: WireLong): bigint {
  return (BigInt(high) << 32n) | BigInt(low >>> 0);
}

/** A 64-bit integer as the graph has it. */
export function toInteger(long: WireLong): Integer {
  const value = toBigInt(long);
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** A 64-bit integer as the wire format takes it. */
export function fromInteger(value: Integer): number | WireLong {
  if (typeof value === 'number') return value;
  return { low: Number(BigInt.asIntN(32, value)), high: Number(BigInt.asIntN(32, value >> 32n)) };
}

/** A 64-bit integer as a number: exact up to 2^53, beyond that the nearest. */
export function toNumber(long: WireLong): number {
  return Number(toBigInt(long));
}

/**
 * Reads the wire format.
 * @throws {ModelError} when the bytes are not an ONNX model, or end too early, or are damaged inside.
 */
export function parseModel(bytes: Uint8Array): WireModel {
  checkTopLevel(bytes);
  try {
    return modelType.decode(new BoundedReader(bytes)) as unknown as WireModel;
  } catch (cause) {
    if (cause instanceof ModelError) throw cause;
    throw new ModelError('the model file is damaged: its contents do not parse as ONNX', { cause });
  }
}

/** Most fields of a file, and most numbers in its lists of 64-bit integers: each takes far more memory than bytes. */
const MOST_FIELDS = 2 ** 21;

/** Reads the wire format, up to a number of fields: a small hostile file may hold millions of empty messages. */
class BoundedReader extends protobuf.Reader {
  #left = MOST_FIELDS;

  /** Tags and lengths. */
  override uint32(): number {
    this.#count();
    return super.uint32();
  }

  override int64(): ReturnType<protobuf.Reader['int64']> {
    this.#count();
    return super.int64();
  }

  #count(): void {
    if (--this.#left < 0) {
      throw new ModelError(
        `the model file has more than ${MOST_FIELDS} fields and integers, which is not supported`,
      );
    }
  }
}

/** Writes the wire format. Field order is the proto file's, so equal messages give equal bytes. */
export function serializeModel(model: object): Uint8Array {
  return modelType.encode(modelType.fromObject(model)).finish();
}

/** Fields of the specification's ModelProto, those included that our subset skips. */
const MODEL_FIELDS: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26]);
const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** Walks the outermost fields, which tells a foreign file from a truncated one before anything is built. */
function checkTopLevel(bytes: Uint8Array): void {
  if (bytes.length === 0) throw new ModelError('the model file is empty');
  const reader = protobuf.Reader.create(bytes);
  let sawGraph = false;
  while (reader.pos < reader.len) {
    const tag = readOr(() => reader.uint32(), 0);
    const [field, wireType] = [tag >>> 3, tag & 7];
    if (!MODEL_FIELDS.has(field) || (wireType !== VARINT && wireType !== LENGTH_DELIMITED)) throw notOnnx();
    const left = wireType === VARINT ? readOr(() => (reader.uint64(), 0), 1) : skipPayload(reader);
    if (left > 0) {
      throw new ModelError(`the model file is truncated: it ends at least ${left} byte(s) early`);
    }
    sawGraph ||= field === 7;
  }
  if (!sawGraph) throw notOnnx();
}

/** Skips a length-delimited field; returns how many of its bytes are missing. */
function skipPayload(reader: protobuf.Reader): number {
  const length = readOr(() => reader.uint32(), Infinity);
  if (length === Infinity) return 1;
  const missing = reader.pos + length - reader.len;
  reader.pos = Math.min(reader.pos + length, reader.len);
  return missing;
}

function readOr(read: () => number, fallback: number): number {
  try {
    return read();
  } catch {
    return fallback;
  }
}

function notOnnx(): ModelError {
  return new ModelError('the model file is not an ONNX model');
}
