import { tasksStream } from '@unpair/protocol';
import type { JetStreamClient, JsMsg, NatsConnection } from 'nats';
import { fromNats, isEmpty } from './errors.js';
import { awaitQueues } from './topology.js';

export interface DeliveriesOptions {
  readonly connection: NatsConnection;
  readonly queues: readonly string[];
  /** Called with a task that came while another was in hand: it is to go back at once. */
  readonly onExtra: (delivery: Delivery) => void;
}

/** A task that the broker lent to this worker, for as long as it is told often enough that work goes on. */
export interface Delivery {
  readonly subject: string;
  readonly data: Uint8Array;
  /** Its position in the stream. */
  readonly sequence: number;
  /** How often the task has been lent, this time included. */
  readonly count: number;
  /** Says that work goes on: the lease begins anew. */
  working(): void;
  /** Says that the task is settled; false where the broker did not confirm it, at the cost of another delivery. */
  done(): Promise<boolean>;
  /** Gives the task back, to be lent again after so many milliseconds. */
  retry(delay?: number): void;
  /** Takes the task out of the queue. */
  drop(): void;
}

/** Who waits for the next task. */
interface Taker {
  readonly resolve: (delivery: Delivery | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The tasks that the broker lends to workers of several classes, one at a time. Queues take turns. While all are empty
 * each is asked to wait; what a second one lends meanwhile goes to `onExtra`, since nobody works on it.
 */
export class Deliveries implements AsyncDisposable {
  /** Milliseconds that a worker may be silent. */
  readonly lease: number;
  readonly #js: JetStreamClient;
  readonly #queues: readonly string[];
  readonly #onExtra: (delivery: Delivery) => void;
  readonly #pulls = new Map<string, Promise<void>>();
  #taker: Taker | undefined;
  #turn = 0;

  private constructor(lease: number, { connection, queues, onExtra }: DeliveriesOptions) {
    this.#js = connection.jetstream();
    this.#queues = queues;
    this.#onExtra = onExtra;
    this.lease = lease;
  }

  /** Waits until a coordinator has made the queues. */
  static async open(options: DeliveriesOptions, signal?: AbortSignal): Promise<Deliveries> {
    return new Deliveries(await awaitQueues(options.connection, options.queues, signal), options);
  }

  /** The next task; undefined when there was none within so many milliseconds. */
  async next(wait: number): Promise<Delivery | undefined> {
    const ready = await this.#sweep();
    if (ready !== undefined) return ready;
    const waiting = new Promise<Delivery | undefined>((resolve, reject) => {
      this.#taker = { resolve, reject };
    });
    for (const queue of this.#queues) this.#await(queue, wait);
    return waiting;
  }

  /** Asks each queue in turn for what it has at hand. */
  async #sweep(): Promise<Delivery | undefined> {
    const count = this.#queues.length;
    for (let step = 0; step < count; step++) {
      const turn = (this.#turn + step) % count;
      const queue = this.#queues[turn] ?? '';
      if (this.#pulls.has(queue)) continue;
      const message = await pull(this.#js, queue, 0);
      if (message === undefined) continue;
      this.#turn = (turn + 1) % count;
      return deliveryOf(message);
    }
    return undefined;
  }

  #await(queue: string, wait: number): void {
    if (this.#pulls.has(queue)) return;
    const waiting = pull(this.#js, queue, wait).then(
      (message) => {
        this.#pulls.delete(queue);
        this.#offer(message);
      },
      (error: unknown) => {
        this.#pulls.delete(queue);
        this.#take()?.reject(error);
      },
    );
    this.#pulls.set(queue, waiting);
  }

  #offer(message: JsMsg | undefined): void {
    if (message === undefined) {
      if (this.#pulls.size === 0) this.#take()?.resolve(undefined);
      return;
    }
    const taker = this.#take();
    if (taker === undefined) this.#onExtra(deliveryOf(message));
    else taker.resolve(deliveryOf(message));
  }

  #take(): Taker | undefined {
    const taker = this.#taker;
    this.#taker = undefined;
    return taker;
  }

  /** Resolves when no queue is asked any more: what still comes has gone to `onExtra`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#pulls.values());
  }
}

/** @param wait milliseconds; 0 for what is at hand */
async function pull(js: JetStreamClient, queue: string, wait: number): Promise<JsMsg | undefined> {
  try {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- fetch() always waits a second at least
    return await js.pull(tasksStream, queue, wait);
  } catch (error) {
    if (isEmpty(error)) return undefined;
    throw fromNats(`ask for a task of ${queue}`, error);
  }
}

function deliveryOf(message: JsMsg): Delivery {
  return {
    subject: message.subject,
    data: message.data,
    sequence: message.seq,
    count: message.info.deliveryCount,
    working: () => {
      message.working();
    },
    done: () => message.ackAck().catch(() => false),
    retry: (delay) => {
      message.nak(delay);
    },
    // Bare: nats-server 2.9 ignores a termination that gives a reason.
    drop: () => {
      message.term();
    },
  };
}
