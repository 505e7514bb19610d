/** Settings of one run of Square. */
export interface SquareSettings {
  /** Queries that one sample may spend. */
  readonly budget: number;
  /** Share of the pixels that the first squares change. */
  readonly pInit: number;
}
