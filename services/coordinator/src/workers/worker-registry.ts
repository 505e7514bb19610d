import { listen, type Heard, type Logger, type NatsConnection } from '@unpair/platform';
import {
  allWorkers,
  decodeReport,
  encodeOrders,
  rollCall,
  type TaskInHand,
  type WorkerReport,
} from '@unpair/protocol';
import { queuesOf, type WorkerTable } from './worker-table.js';

export interface WorkerRegistryOptions {
  readonly connection: NatsConnection;
  readonly table: WorkerTable;
  /** Makes the queue of a class that is offered. */
  readonly ensureQueue: (queue: string) => Promise<void>;
  /** Whether nobody wants the result of a task any more. */
  readonly isAbandoned: (task: TaskInHand) => boolean;
  /** Called when other classes are offered, or other numbers of slots. */
  readonly onChange: () => void;
  readonly logger: Logger;
}

/** Milliseconds between two looks for workers that are gone. */
const interval = 1_000;

/** Hears what workers tell of themselves, makes the queues that they offer to serve, and tells them what to abandon. */
export class WorkerRegistry implements Disposable {
  readonly #options: WorkerRegistryOptions;
  readonly #ear: Disposable;
  readonly #timer: NodeJS.Timeout;
  readonly #queues = new Map<string, Promise<void>>();

  constructor(options: WorkerRegistryOptions) {
    this.#options = options;
    const { connection, table, logger, onChange } = options;
    const onMessage = (heard: Heard): void => {
      this.#take(heard);
    };
    this.#ear = listen(connection, { subject: allWorkers, logger, onMessage });
    this.#timer = setInterval(() => {
      const before = table.all();
      if (!table.expire()) return;
      const there = new Set(table.all().map(({ report }) => report?.worker));
      for (const { report } of before)
        if (report !== undefined && !there.has(report.worker))
          logger.warn(
            { worker: report.worker, tasks: report.tasks },
            'a worker has not told of itself: it counts as gone',
          );
      onChange();
    }, interval);
    this.callRoll();
  }

  /** Has workers report at once: all of them, or those that hold a task of a campaign. */
  callRoll(campaignId = ''): void {
    this.#options.connection.publish(rollCall, Buffer.from(campaignId));
  }

  /** A queue was deleted: it is made again when a worker reports that takes tasks of it. */
  forget(queue: string): void {
    this.#queues.delete(queue);
  }

  #take({ subject, data, respond }: Heard): void {
    const { table, isAbandoned, onChange, logger } = this.#options;
    let report: WorkerReport;
    try {
      report = decodeReport(data);
    } catch (error) {
      logger.warn({ error, subject }, 'skipped what a worker told of itself');
      return;
    }
    const isChanged = table.take(report);
    if (isChanged) this.#tell(report);
    respond(encodeOrders({ abandon: report.tasks.filter(isAbandoned) }));
    const made = report.leaving ? [] : queuesOf(report).map((queue) => this.#ensure(queue));
    if (isChanged) void Promise.allSettled(made).then(onChange);
  }

  #tell({ worker, label, engine, kinds, version, leaving }: WorkerReport): void {
    const about = { worker, label, engine, kinds, version };
    this.#options.logger.info(about, leaving ? 'a worker leaves' : 'a worker is there');
  }

  /** Makes a queue once; where that fails, the next report tries again. */
  #ensure(queue: string): Promise<void> {
    const made = this.#queues.get(queue);
    if (made !== undefined) return made;
    const making = this.#options.ensureQueue(queue).catch((error: unknown) => {
      this.#queues.delete(queue);
      this.#options.logger.warn({ error, queue }, 'a queue could not be made; trying again');
    });
    this.#queues.set(queue, making);
    return making;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#ear[Symbol.dispose]();
  }
}
