import { queueName, type LiveWorker, type WorkerReport, type WorkKind, workKinds } from '@unpair/protocol';

/** Seconds after its last report at which a worker counts as gone: three reports missed. */
export const workerLifetime = 10;

/** Seconds within which all workers have answered a coordinator that starts: one report and a little. */
const acquaintance = 4;

interface Entry {
  readonly report: WorkerReport;
  readonly time: number;
}

/** Workers that compute the same rows, under one label. */
export interface Engine {
  readonly label: string;
  readonly engine: string;
  /** `cpu`, `cuda` or `webgpu`. */
  readonly device: string;
  /** Tasks of each kind that they could work on at a time. */
  readonly slots: Readonly<Record<WorkKind, number>>;
}

/** The workers that there are, as they told of themselves. They expire by the coordinator's clock, never by theirs. */
export class WorkerTable {
  readonly #seconds: () => number;
  readonly #entries = new Map<string, Entry>();
  readonly #start: number;
  /** What is asked for with every few tasks, and only changes with the classes that are offered. */
  #slots: ReadonlyMap<string, number> | undefined;
  #engines: readonly Engine[] | undefined;
  #isKnown = false;

  /** @param seconds on a clock that never goes back */
  constructor(seconds: () => number) {
    this.#seconds = seconds;
    this.#start = seconds();
  }

  /** Whether workers that are there would have told of themselves by now. */
  get isKnown(): boolean {
    return this.#seconds() - this.#start >= acquaintance;
  }

  /** Takes in what a worker tells of itself. @returns whether the classes that are offered may have changed */
  take(report: WorkerReport): boolean {
    const before = this.#entries.get(report.worker)?.report;
    const isGone = report.leaving && report.tasks.length === 0;
    if (isGone) this.#entries.delete(report.worker);
    else this.#entries.set(report.worker, { report, time: this.#seconds() });
    const isChanged = before === undefined ? !isGone : isGone || classText(before) !== classText(report);
    if (isChanged) this.#forget();
    return isChanged;
  }

  #forget(): void {
    this.#slots = this.#engines = undefined;
  }

  /** Forgets who has not reported for too long; returns whether anyone is gone, or is now known not to be there. */
  expire(): boolean {
    const wasKnown = this.#isKnown;
    this.#isKnown = this.isKnown;
    const oldest = this.#seconds() - workerLifetime;
    const gone = [...this.#entries].filter(([, { time }]) => time < oldest);
    for (const [worker] of gone) this.#entries.delete(worker);
    if (gone.length > 0) this.#forget();
    return gone.length > 0 || this.#isKnown !== wasKnown;
  }

  /** All workers, by name. */
  all(): LiveWorker[] {
    const now = this.#seconds();
    return [...this.#entries.values()]
      .map(({ report, time }) => ({ report, secondsAgo: now - time }))
      .sort((a, b) => (a.report.worker < b.report.worker ? -1 : 1));
  }

  /** Reports of workers that take tasks: those that leave end what they have in hand. */
  *#taking(): Generator<WorkerReport, void, undefined> {
    for (const { report } of this.#entries.values()) if (!report.leaving) yield report;
  }

  /** Tasks that the workers of each queue could work on at a time, by the queue's name. */
  slots(): ReadonlyMap<string, number> {
    return (this.#slots ??= this.#countSlots());
  }

  #countSlots(): ReadonlyMap<string, number> {
    const slots = new Map<string, number>();
    for (const report of this.#taking()) {
      for (const queue of queuesOf(report)) slots.set(queue, (slots.get(queue) ?? 0) + report.slots);
    }
    return slots;
  }

  /** The engines that there are under each label, the one with most slots first, and by name among equals. */
  engines(): readonly Engine[] {
    return (this.#engines ??= this.#listEngines());
  }

  #listEngines(): readonly Engine[] {
    const engines = new Map<string, Engine & { readonly slots: Record<WorkKind, number> }>();
    for (const report of this.#taking()) {
      const { label, engine } = report;
      const key = `${label} ${engine}`;
      const device = report.device.split(':')[0] ?? '';
      const entry = engines.get(key) ?? { label, engine, device, slots: { train: 0, attack: 0, measure: 0 } };
      for (const kind of kindsOf(report)) entry.slots[kind] += report.slots;
      engines.set(key, entry);
    }
    const total = ({ slots }: Engine): number => slots.attack + slots.measure;
    return [...engines.values()].sort((a, b) => total(b) - total(a) || (a.engine < b.engine ? -1 : 1));
  }
}

/** The queues that a worker takes tasks from. */
export function queuesOf(report: WorkerReport): string[] {
  return kindsOf(report).map((kind) => queueName({ ...report, kind }));
}

function kindsOf({ kinds }: WorkerReport): WorkKind[] {
  return workKinds.filter((kind) => kinds.includes(kind));
}

function classText({ label, engine, device, kinds, slots, leaving }: WorkerReport): string {
  return JSON.stringify([label, engine, device, kinds, slots, leaving]);
}
