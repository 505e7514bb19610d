import { createRandom, type Random } from '@unpair/numerics';

/** What happens to whom, from when on, for how long; in seconds from the start. */
export interface Fault {
  readonly at: number;
  readonly kind: FaultKind;
  /** Who it happens to, among those that it can happen to: a number to take the remainder of. */
  readonly whom: number;
  readonly seconds: number;
}

/** Every kind of fault, and the seconds that it lasts, at least and at most; 0 for what is over at once. */
export const FAULTS = {
  /** kill -9 of a worker's agent. */
  'kill-worker': [0, 0],
  /** kill -9 of a worker's compute process. */
  'kill-compute': [0, 0],
  /** kill -9 of a node of the broker. */
  'kill-broker': [0, 0],
  /** kill -9 of a coordinator. */
  'kill-coordinator': [0, 0],
  /** kill -9 of everything at once. */
  'kill-all': [0, 0],
  /** SIGTERM to a worker, as a drained node sends it. */
  'drain-worker': [0, 0],
  /** SIGSTOP of a worker for longer than its lease. */
  'stop-worker': [4, 12],
  /** SIGSTOP of a coordinator. */
  'stop-coordinator': [2, 20],
  /** All nodes of the broker down. */
  'broker-down': [2, 15],
  /** A worker without a way to the broker: connections end, and are refused. */
  'cut-worker': [3, 15],
  /** The same, but no packet arrives and nobody says so. */
  'silence-worker': [3, 25],
  'cut-coordinator': [3, 20],
  'silence-coordinator': [3, 30],
  /** A coordinator cut off for so long that tasks have been given back and ended without it. */
  'lose-coordinator': [25, 90],
  /** A user cancels a campaign that runs beside the others. */
  'cancel-campaign': [0, 0],
  /** Workers join, and leave again: every other one by SIGTERM, the rest by kill -9. */
  'join-workers': [10, 25],
  /** Someone deletes the stream of tasks. */
  'delete-tasks': [0, 0],
  /** Someone deletes the consumers of tasks. */
  'delete-queues': [0, 0],
  /** Someone deletes the bucket of campaign records; over when they are there again. */
  'delete-records': [0, 0],
  /** Someone deletes the bucket of the lease. */
  'delete-lease': [0, 0],
  /** A thousand messages that are none, on the subjects of results, training and tasks. */
  noise: [0, 0],
  /** The disk of the broker is full; then there is room again, and its nodes are killed. Only with `--store`. */
  'fill-disk': [5, 10],
} as const satisfies Readonly<Record<string, readonly [number, number]>>;

export type FaultKind = keyof typeof FAULTS;

const KINDS = (Object.keys(FAULTS) as FaultKind[]).filter((kind) => kind !== 'fill-disk');

export interface ScheduleOptions {
  readonly seed: number;
  readonly seconds: number;
  /** Mean seconds between the end of a fault and the beginning of the next. */
  readonly every: number;
}

/**
 * The faults of a run: a pure function of its seed. Every kind comes once, in random order, before any comes again, so
 * that a short run has them all; each begins when the one before it is over, since what two do at once is seldom more
 * than what `kill-all` does.
 */
export function scheduleOf({ seed, seconds, every }: ScheduleOptions): readonly Fault[] {
  const random = createRandom({ seed, cell: 'chaos', sample: 0 });
  const faults: Fault[] = [];
  let rest: FaultKind[] = [];
  for (let at = every; at < seconds;) {
    if (rest.length === 0) rest = shuffled(KINDS, random);
    const kind = rest.pop() ?? 'kill-all';
    const [least, most] = FAULTS[kind];
    const length = least + (most - least) * random.uniform();
    faults.push({ at, kind, whom: random.integer(1_000), seconds: length });
    at += length + every * (0.5 + random.uniform());
  }
  return faults;
}

/**
 * Faults as they are named on the command line: `kill-all@10,cut-worker@20+15`, the second from 20 s on for 15 s.
 * @throws RangeError where one is none
 */
export function faultsIn(text: string): readonly Fault[] {
  return text.split(',').map((word, whom) => {
    const [, kind = '', at, seconds = '0'] = /^([a-z-]+)@([\d.]+)(?:\+([\d.]+))?$/.exec(word) ?? [];
    if (!(kind in FAULTS)) throw new RangeError(`"${word}" is no fault like "cut-worker@20+15".`);
    return { at: Number(at), kind: kind as FaultKind, whom, seconds: Number(seconds) };
  });
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const out = [...items];
  for (let last = out.length - 1; last > 0; last--) {
    const other = random.integer(last + 1);
    [out[last], out[other]] = [out[other] as T, out[last] as T];
  }
  return out;
}
