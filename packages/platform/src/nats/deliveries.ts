import { UnpairError } from '@unpair/errors';
import type { Msg, NatsConnection } from 'nats';
import { Pulls } from './pulls.js';
import { traceHeader } from './publish.js';
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
  /** The span that it was published in; empty where nothing is traced. */
  readonly trace: string;
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

/** Milliseconds that the broker is given to confirm that a task is settled. */
const confirmation = 5_000;
/** Milliseconds for which a queue that had no task is passed over: of very short tasks, asking it takes longer than they do. */
const rest = 500;

/**
 * The tasks that the broker lends to workers of several classes, one at a time. Queues take turns. While all are empty each is
 * asked to wait, and no more once one has lent a task; what another lends at the same time goes to `onExtra`.
 */
export class Deliveries implements AsyncDisposable {
  /** Milliseconds that a worker may be silent. */
  readonly lease: number;
  readonly #connection: NatsConnection;
  readonly #queues: readonly string[];
  readonly #onExtra: (message: Msg) => void;
  readonly #atHand: Pulls;
  /** Inboxes that are being closed. */
  readonly #closing = new Set<Promise<void>>();
  /** When each queue was found empty. */
  readonly #emptySince = new Map<string, number>();
  #turn = 0;

  private constructor(lease: number, { connection, queues, onExtra }: DeliveriesOptions) {
    this.#connection = connection;
    this.#queues = queues;
    this.#onExtra = (message) => {
      onExtra(deliveryOf(connection, message));
    };
    this.#atHand = new Pulls(connection, this.#onExtra);
    this.lease = lease;
  }

  /** Waits until a coordinator has made the queues. */
  static async open(options: DeliveriesOptions, signal?: AbortSignal): Promise<Deliveries> {
    return new Deliveries(await awaitQueues(options.connection, options.queues, signal), options);
  }

  /** The next task; undefined when there was none within so many milliseconds, or before `signal`. */
  async next(wait: number, signal?: AbortSignal): Promise<Delivery | undefined> {
    const message = (await this.#sweep()) ?? (await this.#await(wait, signal));
    return message && deliveryOf(this.#connection, message);
  }

  /** Asks each queue in turn for what it has at hand, but those that had nothing a moment ago. */
  async #sweep(): Promise<Msg | undefined> {
    const count = this.#queues.length;
    for (let step = 0; step < count; step++) {
      const asked = (this.#turn + step) % count;
      const queue = this.#queues[asked] ?? '';
      if (performance.now() - (this.#emptySince.get(queue) ?? -Infinity) < rest) continue;
      const message = await this.#atHand.ask(queue, 0);
      if (message === undefined) {
        this.#emptySince.set(queue, performance.now());
        continue;
      }
      this.#turn = (asked + 1) % count;
      return message;
    }
    return undefined;
  }

  async #await(wait: number, signal?: AbortSignal): Promise<Msg | undefined> {
    if (signal?.aborted === true) return undefined;
    const pulls = new Pulls(this.#connection, this.#onExtra);
    try {
      const message = await this.#first(pulls, wait, signal);
      if (message !== undefined) this.#emptySince.delete(message.subject.split('.')[1] ?? '');
      return message;
    } finally {
      const closing = pulls.close();
      this.#closing.add(closing);
      void closing.then(() => this.#closing.delete(closing));
    }
  }

  #first(pulls: Pulls, wait: number, signal?: AbortSignal): Promise<Msg | undefined> {
    return new Promise((resolve, reject) => {
      let [left, isSettled] = [this.#queues.length, false];
      const settle = (message: Msg | undefined): void => {
        signal?.removeEventListener('abort', stop);
        isSettled = true;
        resolve(message);
      };
      const stop = (): void => {
        settle(undefined);
      };
      const offer = (message: Msg | undefined): void => {
        if (message === undefined ? --left > 0 : isSettled) {
          if (message !== undefined) this.#onExtra(message);
        } else settle(message);
      };
      signal?.addEventListener('abort', stop, { once: true });
      for (const queue of this.#queues)
        pulls.ask(queue, wait).then(offer, (error: unknown) => {
          reject(UnpairError.from(error));
          settle(undefined);
        });
    });
  }

  /** Resolves when nothing can come any more: what still came has gone to `onExtra`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#atHand.close(), ...this.#closing]);
  }
}

function deliveryOf(connection: NatsConnection, message: Msg): Delivery {
  const { count, sequence } = placeOf(message.reply ?? '');
  const say = (word: string): void => {
    message.respond(word);
  };
  return {
    ...{ subject: message.subject, data: message.data, sequence, count },
    trace: message.headers?.get(traceHeader) ?? '',
    working: () => {
      say('+WPI');
    },
    done: () =>
      connection.request(message.reply ?? '', '+ACK', { timeout: confirmation }).then(
        () => true,
        () => false,
      ),
    retry: (delay) => {
      say(delay === undefined ? '-NAK' : `-NAK ${JSON.stringify({ delay: delay * 1e6 })}`);
    },
    // Bare: nats-server 2.9 ignores a termination that gives a reason.
    drop: () => {
      say('+TERM');
    },
  };
}

/**
 * How often a message was lent, and where it is in the stream, from the subject for its acknowledgement:
 * `$JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<count>.<sequence>.…`.
 */
function placeOf(reply: string): { readonly count: number; readonly sequence: number } {
  const tokens = reply.split('.');
  const at = tokens.length > 9 ? 6 : 4;
  return { count: Number(tokens[at]), sequence: Number(tokens[at + 1]) };
}
