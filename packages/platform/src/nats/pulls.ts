import { tasksStream } from '@unpair/protocol';
import { createInbox, NatsError, type Msg, type NatsConnection, type Subscription } from 'nats';
import { fromNats } from './errors.js';

/** Milliseconds between the broker's signs of life to who waits. */
const heartbeat = 5_000;
/** Milliseconds without one after which the question is taken for lost: a broker that came back knows nothing of it. */
const patience = 2 * heartbeat;
const nanoseconds = 1_000_000;
/** Status codes of the broker: still waiting; nothing there; nothing came. */
const status = { alive: 100, empty: 404, over: 408 } as const;

/** Who asked a queue. */
interface Asker {
  readonly reply: string;
  readonly resolve: (message: Msg | undefined) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Questions to queues for a task, each queue one at a time, answered in one inbox. Who closes it is lent nothing more: the
 * broker passes over questions that nobody listens to. What is on its way meanwhile goes to `onLate`.
 */
export class Pulls {
  readonly #connection: NatsConnection;
  readonly #inbox = createInbox();
  readonly #answers: Subscription;
  readonly #onLate: (message: Msg) => void;
  /** By queue. */
  readonly #askers = new Map<string, Asker>();
  #asked = 0;

  constructor(connection: NatsConnection, onLate: (message: Msg) => void) {
    this.#connection = connection;
    this.#onLate = onLate;
    const callback = (error: NatsError | null, message: Msg): void => {
      if (error === null) this.#take(message);
    };
    this.#answers = connection.subscribe(`${this.#inbox}.*.*`, { callback });
  }

  /**
   * A task of a queue; undefined where none came.
   * @param wait milliseconds; 0 for what is at hand
   * @throws UnpairError UNAVAILABLE where the broker gives no sign of life
   */
  ask(queue: string, wait: number): Promise<Msg | undefined> {
    const reply = `${this.#inbox}.${queue}.${this.#asked++}`;
    return new Promise((resolve, reject) => {
      const lose = (): void => {
        this.#fail(queue, new NatsError('TIMEOUT', 'TIMEOUT'));
      };
      this.#askers.set(queue, { reply, resolve, reject, timer: setTimeout(lose, patience) });
      try {
        const subject = `$JS.API.CONSUMER.MSG.NEXT.${tasksStream}.${queue}`;
        this.#connection.publish(subject, JSON.stringify(questionOf(wait)), { reply });
      } catch (error) {
        this.#fail(queue, error);
      }
    });
  }

  /** Asks no more; resolves when nothing can come any more. Open questions stay without an answer. */
  async close(): Promise<void> {
    for (const { timer } of this.#askers.values()) clearTimeout(timer);
    this.#askers.clear();
    if (!this.#answers.isClosed()) await this.#answers.drain().catch(() => undefined);
  }

  /** A task keeps the subject that it has in the stream, which names its queue; all else comes to the question's own. */
  #take(message: Msg): void {
    const code = message.headers?.code ?? 0;
    if (code === 0) {
      const asker = this.#end(message.subject.split('.')[1] ?? '');
      if (asker === undefined) this.#onLate(message);
      else asker.resolve(message);
      return;
    }
    const queue = message.subject.slice(this.#inbox.length + 1).split('.')[0] ?? '';
    const asker = this.#askers.get(queue);
    if (asker?.reply !== message.subject) return;
    if (code === status.alive) asker.timer.refresh();
    else if (code === status.empty || code === status.over) this.#end(queue)?.resolve(undefined);
    else this.#fail(queue, new NatsError(message.headers?.description ?? '', String(code)));
  }

  #fail(queue: string, error: unknown): void {
    this.#end(queue)?.reject(fromNats(`ask for a task of ${queue}`, error));
  }

  #end(queue: string): Asker | undefined {
    const asker = this.#askers.get(queue);
    clearTimeout(asker?.timer);
    this.#askers.delete(queue);
    return asker;
  }
}

/** What JetStream is asked for: one message. Times in nanoseconds. */
function questionOf(wait: number): unknown {
  if (wait === 0) return { batch: 1, no_wait: true };
  const isLong = wait >= 2 * heartbeat;
  return {
    batch: 1,
    expires: wait * nanoseconds,
    ...(isLong && { idle_heartbeat: heartbeat * nanoseconds }),
  };
}
