import { pastSpan, presentContext } from '@unpair/platform';
import type { ComputeProgress } from '../compute/messages.js';

/** Milliseconds of batches in one span, at least: batches come by the hundred a second. */
const stretch = 1_000;

/**
 * Tells the batches of a task as spans: one for each stretch of at least a second, with the batches, images and queries in it. What
 * is counted comes from the compute process, which traces nothing itself.
 */
export class BatchSpans {
  readonly #around = presentContext();
  #told: ComputeProgress;
  #since = Date.now();

  /** @param begun what was counted before the first batch */
  constructor(begun: ComputeProgress) {
    this.#told = begun;
  }

  /** Takes in what has been done so far. */
  follow(progress: ComputeProgress): void {
    if (Date.now() - this.#since >= stretch) this.end(progress);
  }

  /** Tells what has not been told yet. */
  end(progress: ComputeProgress): void {
    const { batches, images, queries } = this.#told;
    const attributes = {
      batches: progress.batches - batches,
      images: progress.images - images,
      queries: progress.queries - queries,
    };
    if (attributes.batches > 0) pastSpan('batches', this.#since, attributes, this.#around);
    this.#told = progress;
    this.#since = Date.now();
  }
}
