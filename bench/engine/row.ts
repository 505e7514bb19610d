import { median } from '@unpair/numerics';
import type { Case } from './cases.js';

/**
 * What is timed, over one batch of images: logits; the input gradient of the cross-entropy, as attacks ask for it; a
 * training step with its update; a training step with the squared cosine of input gradients added to the loss.
 */
export const WORKLOADS = ['forward', 'gradient', 'training', 'unpairing'] as const;
export type Workload = (typeof WORKLOADS)[number];

/** A workload that can be measured. */
export interface Row {
  readonly workload: Workload;
  /** Who does the work, as the table names it. */
  readonly engine: string;
  /** All measurements so far. */
  readonly seconds: number[];
  /** Does the work once and says how long it took. */
  readonly measure: () => Promise<number>;
  readonly close: () => Promise<void>;
}

/** Something that runs the workloads: a runtime of packages/runtime, or a yardstick. */
export interface Engine {
  /** Name and version. */
  readonly name: string;
  /** The rows of one model; none where the engine cannot run it. They are closed before the next model. */
  readonly rows: (model: Case) => Promise<readonly Row[]>;
}

/** Median of a row's measurements. */
export function medianSeconds({ seconds }: Pick<Row, 'seconds'>): number {
  return median(seconds);
}
