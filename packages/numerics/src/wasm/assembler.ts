/** Bytes of one or several WebAssembly instructions. */
export type Code = readonly number[];

/** A register of a function: its number among the function's locals. */
export interface Local {
  readonly get: Code;
  readonly set: Code;
}

/** What a module of one function has: no parameters, locals of two types, one page of memory. */
export interface FunctionShape {
  /** Locals that are 32-bit integers come first, then those of 128 bits. */
  readonly integers: number;
  readonly vectors: number;
  readonly body: Code;
}

/** A module that was made ready: `run` computes on `memory`, of 64 KiB. */
export interface Kernel {
  readonly memory: ArrayBuffer;
  readonly run: () => void;
}

/** The part of the platform's WebAssembly that is used here; Node's types leave it to those of browsers. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => {
    readonly exports: { readonly memory: { readonly buffer: ArrayBuffer }; readonly run: () => void };
  };
};

/** Unsigned, seven bits a byte, lowest first (LEB128). */
function unsigned(value: number): Code {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

/** Signed, of a value from 0 to 2^31 - 1: bit 6 of the last byte would be the sign. */
function natural(value: number): Code {
  return value < 64 ? [value] : [(value & 127) | 128, ...natural(value >>> 7)];
}

function simd(operation: number, ...immediates: readonly number[]): Code {
  return [0xfd, ...unsigned(operation), ...immediates];
}

export function local(index: number): Local {
  return { get: [0x20, ...unsigned(index)], set: [0x21, ...unsigned(index)] };
}

/** Integers; a pointer is the number of a byte. */
export const i32 = {
  constant: (value: number): Code => [0x41, ...natural(value)],
  /** The word at a fixed place. */
  at: (place: number): Code => [0x41, 0, 0x28, 2, ...unsigned(place)],
  add: [0x6a] as Code,
  isBelow: [0x48] as Code,
};

/** Vectors of four 32-bit integers. */
export const i32x4 = {
  constant: (...words: readonly number[]): Code =>
    simd(0x0c, ...words.flatMap((word) => [word & 255, (word >> 8) & 255, (word >> 16) & 255, word >>> 24])),
  splat: simd(0x11),
  add: simd(0xae),
  shiftLeft: simd(0xab),
  shiftRight: simd(0xad),
  or: simd(0x50),
  xor: simd(0x51),
  /** Four words of two vectors, of which the first has the words 0 to 3 and the second 4 to 7. */
  pick: (...words: readonly number[]): Code =>
    simd(0x0d, ...words.flatMap((word) => [0, 1, 2, 3].map((byte) => 4 * word + byte))),
  /** Stores a vector at a pointer and so many bytes on. */
  store: (offset: number): Code => simd(0x0b, 4, ...unsigned(offset)),
};

/** Repeats `body` while the integer that it leaves is not 0. */
export function repeat(body: Code): Code {
  return [0x03, 0x40, ...body, 0x0d, 0, 0x0b];
}

/** Makes a module of one function and starts it. */
export function kernelOf({ integers, vectors, body }: FunctionShape): Kernel {
  const locals = [2, ...unsigned(integers), 0x7f, ...unsigned(vectors), 0x7b];
  const { exports } = new WebAssembly.Instance(
    new WebAssembly.Module(
      Uint8Array.from([
        ...[0, ...text('asm'), 1, 0, 0, 0],
        ...section(1, [0x60, 0, 0]),
        ...section(3, [0]),
        ...section(5, [0, 1]),
        ...section(7, [...name('memory'), 2, 0], [...name('run'), 0, 0]),
        ...section(10, sized([...locals, ...body, 0x0b])),
      ]),
    ),
  );
  return { memory: exports.memory.buffer, run: exports.run };
}

function section(id: number, ...entries: readonly Code[]): Code {
  return [id, ...sized([...unsigned(entries.length), ...entries.flat()])];
}

function sized(bytes: Code): Code {
  return [...unsigned(bytes.length), ...bytes];
}

function name(letters: string): Code {
  return sized(text(letters));
}

function text(letters: string): Code {
  return Array.from({ length: letters.length }, (_, at) => letters.charCodeAt(at));
}
