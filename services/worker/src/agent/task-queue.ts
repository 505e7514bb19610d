import { awaitWorkersConsumer, type Logger } from '@unpair/platform';
import { parseSubject } from '@unpair/protocol';
import { millis, type JsMsg, type NatsConnection } from 'nats';
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
  #task: string | undefined;
  #tasksDone = 0;

  constructor(options: TaskQueueOptions) {
    this.#options = options;
  }

  /** Task in hand as `campaign/index`. */
  get task(): string | undefined {
    return this.#task;
  }

  /** Tasks whose result this worker wrote. */
  get tasksDone(): number {
    return this.#tasksDone;
  }

  /** Starts to take tasks, as soon as a coordinator has made the queue. */
  start(): void {
    this.#loop = this.#run();
  }

  /** Resolves when the signal has fired and the task in hand is settled or handed back. */
  ended(): Promise<void> {
    return this.#loop;
  }

  async #run(): Promise<void> {
    const { connection, handler, signal, logger } = this.#options;
    try {
      const consumer = await awaitWorkersConsumer(connection, signal);
      const { config } = await consumer.info(true);
      // A third of the lease, so that two signs of life may be lost.
      const heartbeatInterval = millis(config.ack_wait ?? 30e9) / 3;
      const handle = (message: JsMsg): Promise<void> => this.#handle(message, heartbeatInterval);
      const refuse = (message: JsMsg): Promise<void> => handler.refuse(message);
      await runTaskLoop({ consumer, signal, handle, refuse, logger });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #handle(message: JsMsg, heartbeatInterval: number): Promise<void> {
    const { handler, metrics, signal, grace } = this.#options;
    const address = parseSubject(message.subject);
    this.#task = address === undefined ? message.subject : `${address.campaignId}/${address.index}`;
    metrics.busy.set(1);
    const patience = afterGrace(signal, grace);
    try {
      const outcome = await handler.handle(message, { heartbeatInterval, signal: patience.signal });
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
