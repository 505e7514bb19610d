import type { RunSize } from './run-size.js';
import { evenRun } from './run-size.js';

/** What was learnt about one graph on one device, to be kept: plain JSON. */
export interface TunedSizes {
  /** Milliseconds a row, by rows in a run. */
  readonly millisecondsPerRow: Readonly<Record<string, number>>;
  /** The most rows that may run at a time: more did not fit in memory. Null while everything did. */
  readonly fitting: number | null;
}

export interface TunedRunSizeOptions {
  /** The most rows to try in one run. */
  readonly limit: number;
  /** What an earlier process learnt. */
  readonly known?: TunedSizes | undefined;
  /** Called when something was learnt. */
  readonly onLearnt?: ((sizes: TunedSizes) => void) | undefined;
  /** Called when a run of `rows` rows did not fit in memory. */
  readonly onOutOfMemory?: ((rows: number) => void) | undefined;
}

/** The least run that is tried: below it, what a run costs by itself dominates on every device. */
const SMALLEST = 4;
/** Runs of one size that are timed; the fastest counts, since others only ever slow a run down. */
const TRIALS = 3;

/**
 * Finds the fastest run size by the work that there is to do anyway: the first runs are of 4, 8, 16, … rows, each
 * three times in turn, and the fastest size is kept. So tuning costs nothing but the difference between the sizes on those runs.
 */
export class TunedRunSize implements RunSize {
  readonly #options: TunedRunSizeOptions;
  readonly #candidates: readonly number[];
  readonly #trials = new Map<number, { best: number; count: number }>();
  #fitting: number | null;

  constructor(options: TunedRunSizeOptions) {
    const { limit, known } = options;
    this.#options = options;
    this.#candidates = powersOfTwo(limit);
    this.#fitting = known?.fitting ?? null;
    for (const [rows, best] of Object.entries(known?.millisecondsPerRow ?? {})) {
      this.#trials.set(Number(rows), { best, count: TRIALS });
    }
  }

  next(waiting: number): number {
    const limit = Math.min(this.#options.limit, this.#fitting ?? Infinity);
    const allowed = this.#candidates.filter((rows) => rows <= limit);
    const untried = this.#leastTried(allowed.filter((rows) => rows <= waiting));
    if (untried !== undefined) return untried;
    return evenRun(waiting, this.#fastest(allowed) ?? limit);
  }

  took(rows: number, milliseconds: number): void {
    if (!this.#candidates.includes(rows)) return;
    const { best, count } = this.#trials.get(rows) ?? { best: Infinity, count: 0 };
    if (count === TRIALS) return;
    this.#trials.set(rows, { best: Math.min(best, milliseconds / rows), count: count + 1 });
    if (count + 1 === TRIALS) this.#options.onLearnt?.(this.#learnt());
  }

  outOfMemory(rows: number): void {
    this.#fitting = Math.floor(rows / 2);
    this.#options.onOutOfMemory?.(rows);
    this.#options.onLearnt?.(this.#learnt());
  }

  /** In turn, so that a spell in which the machine is busy with something else slows down all sizes alike. */
  #leastTried(possible: readonly number[]): number | undefined {
    const count = (rows: number): number => this.#trials.get(rows)?.count ?? 0;
    return possible.filter((rows) => count(rows) < TRIALS).toSorted((a, b) => count(a) - count(b))[0];
  }

  /** Of the sizes that were timed. */
  #fastest(allowed: readonly number[]): number | undefined {
    const time = (rows: number): number => this.#trials.get(rows)?.best ?? Infinity;
    return allowed.filter((rows) => this.#trials.has(rows)).toSorted((a, b) => time(a) - time(b))[0];
  }

  #learnt(): TunedSizes {
    const complete = [...this.#trials].filter(([, { count }]) => count === TRIALS);
    return {
      millisecondsPerRow: Object.fromEntries(complete.map(([rows, { best }]) => [rows, best])),
      fitting: this.#fitting,
    };
  }
}

function powersOfTwo(limit: number): readonly number[] {
  const powers: number[] = [];
  for (let rows = SMALLEST; rows <= limit; rows *= 2) powers.push(rows);
  return powers;
}
