import { Deliveries, type Delivery, type Logger, type NatsConnection } from '@unpair/platform';
import { parseSubject, type ResultAddress, type TaskInHand } from '@unpair/protocol';
import type { WorkerMetrics } from './metrics.js';
import type { TaskHandler } from './task-handler.js';
import { runTaskLoop } from './task-loop.js';

export interface TaskQueueOptions {
  readonly connection: NatsConnection;
  readonly handler: TaskHandler;
  readonly metrics: WorkerMetrics;
  readonly logger: Logger;
  /** Aborts when no more tasks are to be taken. */
  readonly signal: AbortSignal;
  /** Milliseconds that the task in hand may still take after that, before it is handed back. */
  readonly grace: number;
}

/** The worker's side of the work queue: which task is in hand, how many are done, and when the last one is settled. */
export class TaskQueue {
  readonly #options: TaskQueueOptions;
  #loop: Promise<void> = Promise.resolve();
  #task: ResultAddress | undefined;
  #abandoned = new AbortController();
  #tasksDone = 0;

  constructor(options: TaskQueueOptions) {
    this.#options = options;
  }

  /** Task in hand. */
  get task(): ResultAddress | undefined {
    return this.#task;
  }

  /** Tasks whose result this worker wrote. */
  get tasksDone(): number {
    return this.#tasksDone;
  }

  /** Starts to take tasks of these queues, as soon as a coordinator has made them. */
  start(queues: readonly string[]): void {
    this.#loop = this.#run(queues);
  }

  /** Resolves when the signal has fired and the task in hand is settled or handed back. */
  ended(): Promise<void> {
    return this.#loop;
  }

  /** Drops the task in hand where it is among these, since nobody wants its result any more. */
  abandon(tasks: readonly TaskInHand[]): void {
    const { task } = this;
    if (task === undefined) return;
    const isMeant = tasks.some(
      ({ campaignId, index }) => campaignId === task.campaignId && index === task.index,
    );
    if (isMeant) this.#abandoned.abort();
  }

  async #run(queues: readonly string[]): Promise<void> {
    const { connection, handler, signal, logger } = this.#options;
    try {
      const refuse = (delivery: Delivery): Promise<void> => handler.refuse(delivery);
      const onExtra = (delivery: Delivery): void => {
        refuse(delivery).catch((error: unknown) => {
          logger.warn({ error }, 'a task could not be handed back; its lease has to run out');
        });
      };
      await using deliveries = await Deliveries.open({ connection, queues, onExtra }, signal);
      // A third of the lease, so that two signs of life may be lost.
      const heartbeatInterval = deliveries.lease / 3;
      const handle = (delivery: Delivery): Promise<void> => this.#handle(delivery, heartbeatInterval);
      await runTaskLoop({ deliveries, signal, handle, refuse, logger });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #handle(delivery: Delivery, heartbeatInterval: number): Promise<void> {
    const { handler, metrics, signal, grace } = this.#options;
    this.#task = parseSubject(delivery.subject);
    this.#abandoned = new AbortController();
    const { signal: abandoned } = this.#abandoned;
    metrics.busy.set(1);
    const patience = afterGrace(signal, grace);
    try {
      const options = { heartbeatInterval, signal: patience.signal, abandoned };
      const outcome = await handler.handle(delivery, options);
      if (outcome === 'done' || outcome === 'failed') this.#tasksDone++;
    } finally {
      patience.cancel();
      metrics.busy.set(0);
      this.#task = undefined;
    }
  }
}

/** A signal that fires `grace` milliseconds after another one. */
function afterGrace(signal: AbortSignal, grace: number): { signal: AbortSignal; cancel: () => void } {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const start = (): void => {
    timer = setTimeout(() => {
      controller.abort();
    }, grace);
  };
  if (signal.aborted) start();
  signal.addEventListener('abort', start, { once: true });
  const cancel = (): void => {
    clearTimeout(timer);
    signal.removeEventListener('abort', start);
  };
  return { signal: controller.signal, cancel };
}
