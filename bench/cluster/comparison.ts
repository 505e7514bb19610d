import { median } from '@unpair/numerics';
import { textTable } from '../kit/table.js';
import type { Verdict } from '../kit/verdict.js';
import { atLeast, atMost, metWord } from '../kit/verdict.js';
import type { Measurement } from './measurement.js';

const MOST_OVERHEAD = 1.01;
const LEAST_SPEED_UP = 1.9;

/** What the measurements of one benchmark say: medians of the ratios within each round. */
export interface Comparison {
  /** One worker's time over that of the same work in one process. */
  readonly overhead: Verdict;
  /** One worker's time over two workers'. */
  readonly speedUp: Verdict;
}

type Arms = ReadonlyMap<string, readonly Measurement[]>;

/** @throws {Error} when the arms did not all give the same rows. */
export function compare(done: Arms): Comparison {
  const digests = new Set([...done.values()].flat().map(({ digest }) => digest));
  if (digests.size !== 1) throw new Error(`the rows differ: ${[...digests].join(', ')}`);
  const [alone, one, two] = ['in process', 'one worker', 'two workers'].map((arm) => done.get(arm) ?? []);
  return {
    overhead: atMost(MOST_OVERHEAD, ratio(one, alone)),
    speedUp: atLeast(LEAST_SPEED_UP, ratio(one, two)),
  };
}

function ratio(over: readonly Measurement[] = [], under: readonly Measurement[] = []): number {
  return median(over.map(({ seconds }, round) => seconds / (under[round]?.seconds ?? Number.NaN)));
}

/** Times of the arms, then the ratios with their targets. */
export function comparisonTable(done: Arms, { overhead, speedUp }: Comparison): string {
  const middle = (all: readonly Measurement[], key: 'seconds' | 'wallSeconds' | 'busySeconds'): string =>
    median(all.map((one) => one[key])).toFixed(2);
  const times = textTable([
    ['', 'tasks, s', 'in tasks, s', 'everything, s'],
    ...[...done].map(([name, all]) => [
      name,
      middle(all, 'seconds'),
      middle(all, 'busySeconds'),
      middle(all, 'wallSeconds'),
    ]),
  ]);
  const ratios = textTable([
    ['', 'ratio', 'target', ''],
    ['one worker over in process', overhead.value.toFixed(3), `<= ${MOST_OVERHEAD}`, metWord(overhead)],
    ['one worker over two workers', speedUp.value.toFixed(3), `>= ${LEAST_SPEED_UP}`, metWord(speedUp)],
  ]);
  return `${times}\n${ratios}`;
}
