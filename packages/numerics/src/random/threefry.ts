/** Words of one Threefry block. */
export const BLOCK_WORDS = 4;

/** Bits that the two halves of each of eight rounds rotate by. */
export const ROTATIONS = [
  [10, 26],
  [11, 21],
  [13, 27],
  [23, 5],
  [6, 20],
  [17, 11],
  [25, 10],
  [18, 20],
] as const;

/** Skein's key-schedule constant, 32-bit form. */
const PARITY = 0x1bd11bda;

/**
 * Threefry4x32-20, a counter-based generator (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11):
 * block k of a stream is a pure function of (key, k). Only 32-bit additions, rotations and exclusive ors, which
 * engines compile to single instructions.
 *
 * @param schedule what `expandKey` made of the key
 * @param counter [4] number of the first block, low word first; advanced past the blocks written
 * @param out receives `out.length / 4` consecutive blocks
 */
export function threefry(schedule: Int32Array, counter: Int32Array, out: Int32Array): void {
  for (let at = 0; at < out.length; at += BLOCK_WORDS) {
    encipher(schedule, counter, out, at);
    for (let word = 0; word < BLOCK_WORDS; word++) {
      counter[word] = ((counter[word] ?? 0) + 1) | 0;
      if (counter[word] !== 0) break;
    }
  }
}

/** The key [4] followed by its parity word and itself again, so that every injection reads four words in a row. */
export function expandKey(key: Int32Array): Int32Array {
  const [k0 = 0, k1 = 0, k2 = 0, k3 = 0] = key;
  return Int32Array.of(k0, k1, k2, k3, PARITY ^ k0 ^ k1 ^ k2 ^ k3, k0, k1, k2, k3);
}

/** Enciphers one block: twenty rounds, with a key injection after every fourth. */
function encipher(schedule: Int32Array, block: Int32Array, out: Int32Array, at: number): void {
  let a = ((block[0] ?? 0) + (schedule[0] ?? 0)) | 0;
  let b = ((block[1] ?? 0) + (schedule[1] ?? 0)) | 0;
  let c = ((block[2] ?? 0) + (schedule[2] ?? 0)) | 0;
  let d = ((block[3] ?? 0) + (schedule[3] ?? 0)) | 0;
  for (let injection = 1; ; injection++) {
    a = (a + b) | 0;
    b = ((b << 10) | (b >>> 22)) ^ a;
    c = (c + d) | 0;
    d = ((d << 26) | (d >>> 6)) ^ c;
    a = (a + d) | 0;
    d = ((d << 11) | (d >>> 21)) ^ a;
    c = (c + b) | 0;
    b = ((b << 21) | (b >>> 11)) ^ c;
    a = (a + b) | 0;
    b = ((b << 13) | (b >>> 19)) ^ a;
    c = (c + d) | 0;
    d = ((d << 27) | (d >>> 5)) ^ c;
    a = (a + d) | 0;
    d = ((d << 23) | (d >>> 9)) ^ a;
    c = (c + b) | 0;
    b = ((b << 5) | (b >>> 27)) ^ c;
    a = (a + (schedule[injection % 5] ?? 0)) | 0;
    b = (b + (schedule[(injection % 5) + 1] ?? 0)) | 0;
    c = (c + (schedule[(injection % 5) + 2] ?? 0)) | 0;
    d = (d + (schedule[(injection % 5) + 3] ?? 0) + injection) | 0;
    if (injection === 5) break;
    injection++;
    a = (a + b) | 0;
    b = ((b << 6) | (b >>> 26)) ^ a;
    c = (c + d) | 0;
    d = ((d << 20) | (d >>> 12)) ^ c;
    a = (a + d) | 0;
    d = ((d << 17) | (d >>> 15)) ^ a;
    c = (c + b) | 0;
    b = ((b << 11) | (b >>> 21)) ^ c;
    a = (a + b) | 0;
    b = ((b << 25) | (b >>> 7)) ^ a;
    c = (c + d) | 0;
    d = ((d << 10) | (d >>> 22)) ^ c;
    a = (a + d) | 0;
    d = ((d << 18) | (d >>> 14)) ^ a;
    c = (c + b) | 0;
    b = ((b << 20) | (b >>> 12)) ^ c;
    a = (a + (schedule[injection] ?? 0)) | 0;
    b = (b + (schedule[injection + 1] ?? 0)) | 0;
    c = (c + (schedule[injection + 2] ?? 0)) | 0;
    d = (d + (schedule[injection + 3] ?? 0) + injection) | 0;
  }
  out[at] = a;
  out[at + 1] = b;
  out[at + 2] = c;
  out[at + 3] = d;
}
