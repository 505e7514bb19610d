import type { CampaignRun } from '../campaigns/campaign-run.js';

/** A campaign, as far as its tasks are counted. */
type Counted = Pick<CampaignRun, 'isInFlight' | 'tenant'>;

/** Seconds over which the pace of a queue is taken. */
const paceSeconds = 1;
/** Seconds of that pace which may be in flight: the way from a result over the coordinator to the next task is shorter, even where it is busy. */
const aheadSeconds = 0.25;

/** The tasks in flight of one queue. */
interface Lane {
  readonly tasks: Map<Counted, Set<number>>;
  count: number;
  /** Tasks that ended in this stretch of time and in the one before. */
  ended: number;
  endedBefore: number;
}

/**
 * Which queue every task in flight is in, so that windows and shares are kept for each queue by itself. What a campaign no longer
 * counts as in flight is found when its lane is looked at.
 */
export class Lanes {
  readonly #seconds: () => number;
  readonly #lanes = new Map<string, Lane>();
  #stretch = 0;

  /** @param seconds on a clock that never goes back */
  constructor(seconds: () => number) {
    this.#seconds = seconds;
  }

  /** A task is in a queue. */
  add(queue: string, run: Counted, index: number): void {
    const lane = this.#lane(queue);
    const tasks = lane.tasks.get(run) ?? new Set<number>();
    lane.tasks.set(run, tasks);
    if (!tasks.has(index)) lane.count++;
    tasks.add(index);
  }

  /** The queue that a task is in; undefined where it is in none. */
  queueOf(run: Counted, index: number): string | undefined {
    for (const [queue, { tasks }] of this.#lanes) if (tasks.get(run)?.has(index) === true) return queue;
    return undefined;
  }

  /** Forgets what has ended. */
  settle(): void {
    this.#turn();
    for (const lane of this.#lanes.values()) {
      for (const [run, tasks] of lane.tasks) settle(lane, run, tasks);
    }
  }

  /** Tasks of a queue in flight, of one campaign or of all. */
  count(queue: string, run?: Counted): number {
    const lane = this.#lanes.get(queue);
    return (run === undefined ? lane?.count : lane?.tasks.get(run)?.size) ?? 0;
  }

  /** Tasks of a queue in flight, by tenant. */
  tenants(queue: string): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const [{ tenant }, { size }] of this.#lanes.get(queue)?.tasks ?? [])
      counts.set(tenant, (counts.get(tenant) ?? 0) + size);
    return counts;
  }

  /**
   * Tasks that may be in flight in a queue: two for each slot, so that each worker finds the next one waiting, and no more, so that
   * who comes later does not wait behind what others queued; but of very short tasks as many as end within a quarter of a second.
   */
  window(queue: string, slots: number, least: number): number {
    const lane = this.#lanes.get(queue);
    const pace = Math.max(lane?.ended ?? 0, lane?.endedBefore ?? 0) / paceSeconds;
    return Math.max(2 * slots, least, Math.ceil(pace * aheadSeconds));
  }

  #lane(queue: string): Lane {
    const lane = this.#lanes.get(queue) ?? { tasks: new Map(), count: 0, ended: 0, endedBefore: 0 };
    this.#lanes.set(queue, lane);
    return lane;
  }

  #turn(): void {
    const stretch = Math.floor(this.#seconds() / paceSeconds);
    if (stretch === this.#stretch) return;
    const isNext = stretch === this.#stretch + 1;
    this.#stretch = stretch;
    for (const lane of this.#lanes.values()) {
      lane.endedBefore = isNext ? lane.ended : 0;
      lane.ended = 0;
    }
  }
}

function settle(lane: Lane, run: Counted, tasks: Set<number>): void {
  for (const index of tasks) {
    if (run.isInFlight(index)) continue;
    tasks.delete(index);
    lane.count--;
    lane.ended++;
  }
  if (tasks.size === 0) lane.tasks.delete(run);
}
