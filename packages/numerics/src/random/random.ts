/**
 * A stream of random numbers that belongs to one sample. Counter-based: it depends on its seed words alone,
 * never on the batch, the worker or the time.
 */
export interface Random {
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number;
  /** Uniform integer in [0, below), without bias; `below` is at most 2^32. */
  integer(below: number): number;
  /** Fills `out` with integers in [0, below): the same numbers as so many calls of `integer`. */
  fillIntegers(out: Uint32Array, below: number): void;
  /** Puts `values` into a random order (Fisher and Yates), by the same numbers as `integer` of its length down to 2. */
  shuffle(values: Float64Array): void;
  /** Standard normal. */
  normal(): number;
  /** Fills `out` with standard normals: the same numbers as so many calls of `normal`. */
  fillNormal(out: Float32Array): void;
}
