import { median } from '@unpair/robustness';

/** What is timed: a whole batch of images, or one matrix product. */
export type Workload = 'forward' | 'gradient' | 'training' | 'sgemm';

/** One line of the result. */
export interface Row {
  readonly name: string;
  readonly workload: Workload;
  readonly engine: 'unpair' | 'torch' | 'torch channels_last';
  /** Floating-point operations of one measurement. */
  readonly flops: number;
  /** All measurements so far. */
  readonly seconds: number[];
  /** Does the work once and says how long it took. */
  readonly measure: () => Promise<number>;
  readonly close: () => Promise<void>;
}

/** Median of a row's measurements. */
export function medianSeconds({ seconds }: Pick<Row, 'seconds'>): number {
  return median(seconds);
}
