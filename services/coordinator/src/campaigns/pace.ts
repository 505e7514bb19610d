/** Estimates the time left from how many tasks finished since the first one that this process saw. */
export class Pace {
  readonly #seconds: () => number;
  #first: number | undefined;
  #finished = 0;

  constructor(seconds: () => number) {
    this.#seconds = seconds;
  }

  /** One more task has finished. */
  finish(): void {
    if (this.#first === undefined) this.#first = this.#seconds();
    else this.#finished++;
  }

  /** Seconds until so many more tasks are finished at the present rate; 0 while unknown. */
  secondsLeft(tasks: number): number {
    if (this.#first === undefined || this.#finished === 0) return 0;
    return (tasks * (this.#seconds() - this.#first)) / this.#finished;
  }
}
