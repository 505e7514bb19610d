import { percent } from './measures.js';

/** What a progress line says of training. */
export interface MeterReading {
  /** Mean over the recent past. */
  readonly loss: number;
  readonly accuracy: number;
  readonly imagesPerSecond: number;
  readonly secondsLeft: number;
}

/** Weight of the newest step in the running means. */
const NEWEST = 0.02;

/** Smooths what steps report, and measures how fast they come. */
export class TrainingMeter {
  readonly #batch: number;
  readonly #now: () => number;
  readonly #started: number;
  #steps = 0;
  #loss = 0;
  #accuracy = 0;

  /** @param now milliseconds of a monotonic clock */
  constructor(batch: number, now: () => number) {
    this.#batch = batch;
    this.#now = now;
    this.#started = now();
  }

  /** Takes in one step, of which `left` remain. */
  read(report: { readonly loss: number; readonly accuracy: number }, left: number): MeterReading {
    this.#steps += 1;
    // The mean of the first steps, and from there on an exponential one.
    const weight = Math.max(NEWEST, 1 / this.#steps);
    this.#loss += weight * (report.loss - this.#loss);
    this.#accuracy += weight * (report.accuracy - this.#accuracy);
    const perSecond = (1000 * this.#steps) / Math.max(1, this.#now() - this.#started);
    return {
      loss: this.#loss,
      accuracy: this.#accuracy,
      imagesPerSecond: perSecond * this.#batch,
      secondsLeft: left / perSecond,
    };
  }
}

/** `loss 0.812, accuracy 71.2 %, 812 images/s, 12 min left`. */
export function describeReading({ loss, accuracy, imagesPerSecond, secondsLeft }: MeterReading): string {
  return [
    `loss ${loss.toFixed(3)}`,
    `accuracy ${percent(accuracy, 1)}`,
    `${Math.round(imagesPerSecond)} images/s`,
    `${roughTime(secondsLeft)} left`,
  ].join(', ');
}

/** Seconds to the nearest unit that matters: `40 s`, `12 min`. */
export function roughTime(seconds: number): string {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
