/**
 * A stream of random numbers that belongs to one sample. Counter-based: it depends on its seed words alone,
 * never on the batch, the worker or the time.
 */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Uniform integer in [0, below). */
  integer(below: number): number;
  /** Standard normal. */
  normal(): number;
  /** Fills `out` with standard normals. */
  fillNormal(out: Float32Array): void;
}
