import { bootstrapRates, createRandom } from '@unpair/numerics';
import { explainPoint } from './explanation.js';
import { queryRatio } from './query-ratio.js';
import type { Costs, QueryRatio } from './query-ratio.js';
import { queryReport } from './query-report.js';
import type { Ratio } from './estimates.js';
import { similarityReport } from './similarity-report.js';

/** Two searches on the same samples. */
export interface Compared {
  /** Of the stream that drives the bootstrap. */
  readonly seed: number;
  readonly stream: string;
  /** What the samples cost each; null where they do not search. */
  readonly costs: { readonly own: Costs; readonly base: Costs } | null;
  /** Of each sample 1 where it was a success. */
  readonly successes: { readonly own: Uint8Array; readonly base: Uint8Array };
}

/** Ratios of two searches; null where there is nothing to say. */
export interface Ratios {
  readonly queryRatio: QueryRatio | null;
  readonly successRatio: Ratio | null;
}

/**
 * The parts of a report that draw random numbers by the million: functions of plain values, so that threads can compute
 * them. The same values give the same numbers, to the bit.
 */
export const DRAWS = {
  ratios: ({ seed, stream, costs, successes }: Compared): Ratios => {
    const random = createRandom({ seed, cell: stream, sample: 0 });
    const ratio = costs === null ? null : queryRatio(costs.own, costs.base, random);
    const rates = bootstrapRates(successes.own, successes.base, (own, base) => own / base, random);
    return { queryRatio: ratio, successRatio: finite(rates) };
  },
  queries: queryReport,
  similarity: similarityReport,
  explanation: explainPoint,
} as const;

export type DrawName = keyof typeof DRAWS;

/** Computes one of {@link DRAWS}, here or elsewhere. */
export type Draw = <Name extends DrawName>(
  name: Name,
  input: Parameters<(typeof DRAWS)[Name]>[0],
) => Promise<ReturnType<(typeof DRAWS)[Name]>>;

/** Computes them where it is called, one after the other, and waits for `pause` before each. */
export function drawHere(pause: () => Promise<void>): Draw {
  let last: Promise<unknown> = Promise.resolve();
  return (name, input) => {
    const draw = DRAWS[name] as (given: typeof input) => ReturnType<(typeof DRAWS)[typeof name]>;
    const drawn = last.then(pause).then(() => draw(input));
    last = drawn.catch(() => undefined);
    return drawn;
  };
}

function finite(ratio: Ratio): Ratio | null {
  if (!Number.isFinite(ratio.value)) return null;
  return { ...ratio, high: ratio.high !== null && Number.isFinite(ratio.high) ? ratio.high : null };
}
