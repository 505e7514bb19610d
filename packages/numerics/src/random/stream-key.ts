import { BLOCK_WORDS, expandKey, threefry } from './threefry.js';

/** Identity of a stream: who draws, in words that no shard, batch or retry can change. */
export interface StreamId {
  /** The campaign's seed, a safe integer. */
  readonly seed: number;
  /** The campaign's cell, or any other name of a purpose. */
  readonly cell: string;
  /** Index of the sample in the data set, a safe integer. */
  readonly sample: number;
}

/**
 * Hashes an identity to a Threefry key [4]: Matyas–Meyer–Oseas chaining of Threefry over the encoded words, as Skein
 * chains it, so that any change of seed, cell or sample gives an unrelated stream.
 */
export function streamKey({ seed, cell, sample }: StreamId): Int32Array {
  const words = encode(seed, cell, sample);
  let state: Int32Array = new Int32Array(BLOCK_WORDS);
  for (let at = 0; at < words.length; at += BLOCK_WORDS) {
    const block = words.slice(at, at + BLOCK_WORDS);
    const next = new Int32Array(BLOCK_WORDS);
    threefry(expandKey(state), block.slice(), next);
    state = next.map((word, index) => word ^ (block[index] ?? 0));
  }
  return state;
}

/** Seed, sample, length of the name and its UTF-16 units: no two identities share an encoding. */
function encode(seed: number, cell: string, sample: number): Int32Array {
  const header = [...int64Words(seed), ...int64Words(sample), cell.length];
  const words = new Int32Array(Math.ceil((header.length + cell.length / 2) / BLOCK_WORDS) * BLOCK_WORDS);
  words.set(header);
  for (let unit = 0; unit < cell.length; unit++) {
    const word = header.length + (unit >>> 1);
    words[word] = (words[word] ?? 0) | (cell.charCodeAt(unit) << ((unit & 1) * 16));
  }
  return words;
}

function int64Words(value: number): [number, number] {
  if (!Number.isSafeInteger(value)) throw new RangeError(`a seed must be a safe integer, got ${value}`);
  return [value | 0, Math.floor(value / 2 ** 32) | 0];
}
