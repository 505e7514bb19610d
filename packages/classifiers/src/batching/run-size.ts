import { UnpairError } from '@unpair/errors';

/**
 * Decides how many rows of one graph run at a time. Results do not depend on it; speed and memory do. {@link runFitting}
 * asks before each run and tells what came of it.
 */
export interface RunSize {
  /** Rows of the next run, from 1 to `waiting`, the rows that are still to run. */
  next(waiting: number): number;
  /** A run of `rows` rows took so many milliseconds. */
  took?(rows: number, milliseconds: number): void;
  /** A run of `rows` rows, more than one, did not fit in memory: `next` must answer less from now on. */
  outOfMemory(rows: number): void;
}

/** Runs everything at once, up to a limit that halves when a run does not fit in memory. */
export class RowLimit implements RunSize {
  #limit: number;

  constructor(limit = Infinity) {
    this.#limit = limit;
  }

  next(waiting: number): number {
    return evenRun(waiting, this.#limit);
  }

  outOfMemory(rows: number): void {
    this.#limit = Math.floor(rows / 2);
  }
}

/** The first of the fewest runs of at most `limit` rows, all nearly alike: of 25 rows at 16 it is 13, not 16. */
export function evenRun(waiting: number, limit: number): number {
  return waiting <= limit ? waiting : Math.ceil(waiting / Math.ceil(waiting / limit));
}

/** How many rows one run took, and what it gave. */
export interface FittingRun<T> {
  readonly rows: number;
  readonly value: T;
}

export interface RunSizing {
  readonly size: RunSize;
  /** Milliseconds; times the runs for `size`. */
  readonly clock?: (() => number) | undefined;
  /** Whether each row runs by itself, whatever `size` has found out: what a graph gives for it depends on its company. */
  readonly apart?: boolean;
}

/**
 * Runs the next of `waiting` rows: as many as `size` says, and fewer for as long as they do not fit in memory.
 * @throws {UnpairError} RESOURCE_EXHAUSTED when not even one row fits
 */
export async function runFitting<T>(
  waiting: number,
  { size, clock, apart = false }: RunSizing,
  run: (rows: number) => Promise<T>,
): Promise<FittingRun<T>> {
  if (apart) return { rows: 1, value: await run(1) };
  for (;;) {
    const rows = size.next(waiting);
    const start = clock?.() ?? 0;
    try {
      const value = await run(rows);
      if (clock !== undefined) size.took?.(rows, clock() - start);
      return { rows, value };
    } catch (error) {
      if (UnpairError.from(error).code !== 'RESOURCE_EXHAUSTED' || rows === 1) throw error;
      size.outOfMemory(rows);
    }
  }
}
