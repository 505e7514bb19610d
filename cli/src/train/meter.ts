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
  /** When the steps began that the pace is taken from, and how many had been made by then. */
  #since: number;
  #before = 0;
  #steps = 0;
  #loss = 0;
  #accuracy = 0;

  /**
   * @param now milliseconds of a monotonic clock
   * @param started when the work began; default: now
   */
  constructor(batch: number, now: () => number, started = now()) {
    this.#batch = batch;
    this.#now = now;
    this.#since = started;
  }

  /** Takes in one step, of which `left` remain. */
  read(report: { readonly loss: number; readonly accuracy: number }, left: number): MeterReading {
    this.#steps += 1;
    // The mean of the first steps, and from there on an exponential one.
    const weight = Math.max(NEWEST, 1 / this.#steps);
    this.#loss += weight * (report.loss - this.#loss);
    this.#accuracy += weight * (report.accuracy - this.#accuracy);
    const perSecond = this.#pace();
    return {
      loss: this.#loss,
      accuracy: this.#accuracy,
      imagesPerSecond: perSecond * this.#batch,
      secondsLeft: left / perSecond,
    };
  }

  /** Steps a second. The first one waits for what is made ready for all: its time counts only until there is another. */
  #pace(): number {
    const now = this.#now();
    const pace = (1000 * (this.#steps - this.#before)) / Math.max(1, now - this.#since);
    if (this.#steps === 1) [this.#since, this.#before] = [now, 1];
    return pace;
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
