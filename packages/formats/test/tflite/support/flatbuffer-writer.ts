/** A value as a flatbuffer stores it: numbers lie in their table, all else behind an offset. */
export type Stored =
  | {
      readonly kind: 'scalar';
      readonly size: 1 | 2 | 4 | 8;
      readonly write: (view: DataView, at: number) => void;
    }
  | { readonly kind: 'table'; readonly fields: readonly (Stored | undefined)[] }
  | { readonly kind: 'tables'; readonly tables: readonly Stored[] }
  | { readonly kind: 'vector'; readonly size: number; readonly bytes: Uint8Array };

export const int8 = (value: number): Stored => ({
  kind: 'scalar',
  size: 1,
  write: (view, at) => {
    view.setInt8(at, value);
  },
});
export const int32 = (value: number): Stored => ({
  kind: 'scalar',
  size: 4,
  write: (view, at) => {
    view.setInt32(at, value, true);
  },
});
export const float32 = (value: number): Stored => ({
  kind: 'scalar',
  size: 4,
  write: (view, at) => {
    view.setFloat32(at, value, true);
  },
});
export const table = (...fields: (Stored | undefined)[]): Stored => ({ kind: 'table', fields });
export const tables = (...list: Stored[]): Stored => ({ kind: 'tables', tables: list });
export const bytes = (list: Uint8Array): Stored => ({ kind: 'vector', size: 1, bytes: list });
export const string = (text: string): Stored => bytes(new TextEncoder().encode(text));
export const ints = (list: readonly number[]): Stored => vector(4, Int32Array.from(list));
export const floats = (list: readonly number[]): Stored => vector(4, Float32Array.from(list));
export const longs = (list: readonly number[]): Stored => vector(8, BigInt64Array.from(list, BigInt));

function vector(size: number, list: { readonly buffer: ArrayBuffer }): Stored {
  return { kind: 'vector', size, bytes: new Uint8Array(list.buffer) };
}

/** Writes a flatbuffer, every part behind what refers to it and aligned to 8 bytes. */
export function writeFlatbuffer(root: Stored, identifier: string): Uint8Array {
  const writer = new Writer();
  writer.reserve(8);
  new TextEncoder().encode(identifier).forEach((code, i) => {
    writer.view.setUint8(4 + i, code);
  });
  writer.refer(0, root);
  return new Uint8Array(writer.view.buffer, 0, writer.length);
}

class Writer {
  readonly #written = new Map<Stored, number>();
  view = new DataView(new ArrayBuffer(1 << 20));
  length = 0;

  /** Room for `size` bytes at a multiple of 8, `shift` bytes before one. */
  reserve(size: number, shift = 0): number {
    const at = Math.ceil((this.length + shift) / 8) * 8 - shift;
    this.length = at + size;
    return at;
  }

  /** Writes a value, once, and the offset that leads to it from `at`. */
  refer(at: number, value: Stored): void {
    const target = this.#written.get(value) ?? this.#write(value);
    this.#written.set(value, target);
    this.view.setUint32(at, target - at, true);
  }

  #write(value: Stored): number {
    switch (value.kind) {
      case 'table':
        return this.#table(value.fields);
      case 'tables': {
        const at = this.reserve(4 + 4 * value.tables.length);
        this.view.setUint32(at, value.tables.length, true);
        value.tables.forEach((element, i) => {
          this.refer(at + 4 + 4 * i, element);
        });
        return at;
      }
      case 'vector': {
        // A zero ends it, as strings want; the elements are what is aligned.
        const at = this.reserve(4 + value.bytes.length + 1, 4);
        this.view.setUint32(at, value.bytes.length / value.size, true);
        new Uint8Array(this.view.buffer).set(value.bytes, at + 4);
        return at;
      }
      case 'scalar':
        throw new RangeError('a scalar lies in its table');
    }
  }

  #table(fields: readonly (Stored | undefined)[]): number {
    const vtable = this.reserve(4 + 2 * fields.length);
    const at = this.reserve(4 + 8 * fields.length);
    this.view.setInt32(at, at - vtable, true);
    this.view.setUint16(vtable, 4 + 2 * fields.length, true);
    this.view.setUint16(vtable + 2, 4 + 8 * fields.length, true);
    fields.forEach((field, i) => {
      if (field === undefined) return;
      // Every field has room for 8 bytes; the first 4 of the table lead to its vtable.
      const place = 4 + 8 * i;
      this.view.setUint16(vtable + 4 + 2 * i, place, true);
      if (field.kind === 'scalar') field.write(this.view, at + place);
      else this.refer(at + place, field);
    });
    return at;
  }
}
