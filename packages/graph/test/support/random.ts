/** A small seeded generator for test inputs: uniform in [0, 1). */
export function seeded(seed: number): () => number {
  let state = (seed * 2654435761 + 1) >>> 0;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 0x9e3779b9) >>> 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
}

/** `length` seeded numbers in [low, high). */
export function uniform(length: number, seed: number, low = 0, high = 1): Float32Array {
  const next = seeded(seed);
  return Float32Array.from({ length }, () => low + (high - low) * next());
}
