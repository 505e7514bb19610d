import type { Checkpoints, TrainingCurve } from '@unpair/training';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint-record.js';

/** Milliseconds after which a state is saved, however slow the steps are. */
const INTERVAL = 30_000;

/**
 * Checkpoints with the training curve so far beside the state, in one write. Those that are damaged are passed over: the run
 * starts afresh, and the next save takes their place.
 */
export class CurveCheckpoints implements Checkpoints {
  readonly #records: Checkpoints;
  readonly #curve: TrainingCurve;
  readonly #now: () => number;
  #saved: number;

  /** @param now milliseconds of a monotonic clock */
  constructor(records: Checkpoints, curve: TrainingCurve, now: () => number = () => performance.now()) {
    this.#records = records;
    this.#curve = curve;
    this.#now = now;
    this.#saved = now();
  }

  isDue(step: number): boolean {
    return this.#records.isDue(step) || this.#now() - this.#saved >= INTERVAL;
  }

  async load(): Promise<Uint8Array | undefined> {
    const bytes = await this.#records.load();
    const record = bytes && decodeCheckpoint(bytes);
    if (record === undefined) return undefined;
    this.#curve.restore(record.curve);
    return record.state;
  }

  async save(state: Uint8Array): Promise<void> {
    await this.#records.save(encodeCheckpoint({ curve: this.#curve.state, state }));
    this.#saved = this.#now();
  }
}
