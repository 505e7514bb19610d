/** An estimate with the ends of its 95 % interval. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Share of the draws that an interval covers. */
export const CONFIDENCE = 0.95;
