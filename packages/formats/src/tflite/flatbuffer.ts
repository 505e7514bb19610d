import { ModelError } from '@unpair/graph';

/**
 * Bytes that may be read of a file, as a multiple of its length. Tables and vectors of an honest file hardly overlap;
 * in a hostile one, a million table entries may lead to the same table.
 */
const READS_PER_BYTE = 8;

/** Bytes that even the smallest file may read: its tables share their vtables and names. */
const LEAST_READS = 1 << 16;

/** A file's bytes, each access to which is checked and counted. */
class Bytes {
  readonly all: Uint8Array;
  readonly view: DataView;
  #left: number;

  constructor(bytes: Uint8Array) {
    this.all = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#left = READS_PER_BYTE * bytes.length + LEAST_READS;
  }

  /** Checks that `length` bytes at `at` are there, and that not too much was read before. */
  claim(at: number, length: number, what: string): void {
    if (!Number.isSafeInteger(at) || at < 0 || at + length > this.all.length) {
      throw new ModelError(
        `the TFLite file is damaged: ${what} lies at bytes ${at} to ${at + length} of ${this.all.length}`,
      );
    }
    this.#left -= length;
    if (this.#left < 0) {
      throw new ModelError(`the TFLite file is damaged: its parts overlap, ${what} was read too often`);
    }
  }

  offset(at: number, what: string): number {
    this.claim(at, 4, what);
    return at + this.view.getUint32(at, true);
  }
}

/**
 * A table of a flatbuffer: fields by number, each absent or present. The reader trusts nothing: a position outside the
 * file, or more data than the file has, is a {@link ModelError}, and the work is bounded by the file's length.
 * Encoding: https://flatbuffers.dev/internals/
 */
export class Table {
  readonly #bytes: Bytes;
  readonly #at: number;
  readonly #vtable: number;
  readonly #vtableEnd: number;
  readonly #what: string;

  private constructor(bytes: Bytes, at: number, what: string) {
    bytes.claim(at, 4, what);
    this.#bytes = bytes;
    this.#at = at;
    this.#vtable = at - bytes.view.getInt32(at, true);
    bytes.claim(this.#vtable, 4, `${what}'s field list`);
    const length = bytes.view.getUint16(this.#vtable, true);
    bytes.claim(this.#vtable, length, `${what}'s field list`);
    this.#vtableEnd = this.#vtable + length;
    this.#what = what;
  }

  /** The root table of a file. @param what how messages call it: `the model` */
  static root(file: Uint8Array, what: string): Table {
    const bytes = new Bytes(file);
    return new Table(bytes, bytes.offset(0, what), what);
  }

  int8(field: number, fallback = 0): number {
    const at = this.#find(field, 1);
    return at === undefined ? fallback : this.#bytes.view.getInt8(at);
  }

  uint8(field: number, fallback = 0): number {
    const at = this.#find(field, 1);
    return at === undefined ? fallback : this.#bytes.view.getUint8(at);
  }

  bool(field: number): boolean {
    return this.uint8(field) !== 0;
  }

  int32(field: number, fallback = 0): number {
    const at = this.#find(field, 4);
    return at === undefined ? fallback : this.#bytes.view.getInt32(at, true);
  }

  uint32(field: number, fallback = 0): number {
    const at = this.#find(field, 4);
    return at === undefined ? fallback : this.#bytes.view.getUint32(at, true);
  }

  float32(field: number, fallback = 0): number {
    const at = this.#find(field, 4);
    return at === undefined ? fallback : this.#bytes.view.getFloat32(at, true);
  }

  has(field: number): boolean {
    return this.#find(field, 1) !== undefined;
  }

  /** A table that a field points to; also the value of a union. */
  table(field: number, what: string): Table | undefined {
    const at = this.#find(field, 4);
    return at === undefined ? undefined : new Table(this.#bytes, this.#bytes.offset(at, what), what);
  }

  /** A vector of tables; empty where the field is absent. @param what one of them, by its number */
  tables(field: number, what: (index: number) => string): readonly Table[] {
    const { start, length } = this.#vector(field, 4, what(0));
    return Array.from({ length }, (_, i) => {
      const at = this.#bytes.offset(start + 4 * i, what(i));
      return new Table(this.#bytes, at, what(i));
    });
  }

  string(field: number, what: string): string {
    return new TextDecoder().decode(this.bytes(field, what));
  }

  /** A vector of bytes, as a view of the file. */
  bytes(field: number, what: string): Uint8Array {
    const { start, length } = this.#vector(field, 1, what);
    return this.#bytes.all.subarray(start, start + length);
  }

  ints(field: number, what: string): readonly number[] {
    return this.#numbers(field, 4, what, (at) => this.#bytes.view.getInt32(at, true));
  }

  longs(field: number, what: string): readonly number[] {
    return this.#numbers(field, 8, what, (at) => Number(this.#bytes.view.getBigInt64(at, true)));
  }

  floats(field: number, what: string): readonly number[] {
    return this.#numbers(field, 4, what, (at) => this.#bytes.view.getFloat32(at, true));
  }

  #numbers(field: number, size: number, what: string, read: (at: number) => number): readonly number[] {
    const { start, length } = this.#vector(field, size, what);
    return Array.from({ length }, (_, i) => read(start + size * i));
  }

  #vector(field: number, size: number, what: string): { readonly start: number; readonly length: number } {
    const at = this.#find(field, 4);
    if (at === undefined) return { start: 0, length: 0 };
    const start = this.#bytes.offset(at, what) + 4;
    this.#bytes.claim(start - 4, 4, what);
    const length = this.#bytes.view.getUint32(start - 4, true);
    this.#bytes.claim(start, length * size, what);
    return { start, length };
  }

  /** Where a field of `size` bytes lies; `undefined` when the table lacks it. */
  #find(field: number, size: number): number | undefined {
    const slot = this.#vtable + 4 + 2 * field;
    if (slot + 2 > this.#vtableEnd) return undefined;
    const offset = this.#bytes.view.getUint16(slot, true);
    if (offset === 0) return undefined;
    this.#bytes.claim(this.#at + offset, size, `${this.#what}'s field ${field}`);
    return this.#at + offset;
  }
}
