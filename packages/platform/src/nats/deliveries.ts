import { millis, type Consumer, type JsMsg, type NatsConnection } from 'nats';
import { ackWait, awaitWorkersConsumer } from './topology.js';

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

/** The tasks that the broker lends to workers. */
export class Deliveries {
  /** Milliseconds that a worker may be silent. */
  readonly lease: number;
  readonly #consumer: Consumer;

  private constructor(consumer: Consumer, lease: number) {
    this.#consumer = consumer;
    this.lease = lease;
  }

  /** Waits until a coordinator has made the queue. */
  static async open(connection: NatsConnection, signal?: AbortSignal): Promise<Deliveries> {
    const consumer = await awaitWorkersConsumer(connection, signal);
    const { config } = await consumer.info(true);
    return new Deliveries(consumer, config.ack_wait === undefined ? ackWait : millis(config.ack_wait));
  }

  /** The next task; undefined when there was none within so many milliseconds. */
  async next(wait: number): Promise<Delivery | undefined> {
    const message = await this.#consumer.next({ expires: wait });
    return message === null ? undefined : deliveryOf(message);
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
