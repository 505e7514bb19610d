import { DeliverPolicy, type Consumer, type JsMsg, type NatsConnection } from 'nats';
import type { Clock } from '../clock.js';
import type { Logger } from '../logging.js';
import { fromNats, isNotFound } from './errors.js';

/** Where a message is in a stream, and what tells it from any other that may be there after the stream was set back. */
export interface StreamPosition {
  readonly sequence: number;
  /** When the stream took it. */
  readonly time: Date;
  readonly subject: string;
}

/** One message of a stream. */
export interface StreamMessage extends StreamPosition {
  /** Messages that the stream had behind it. */
  readonly left: number;
  readonly data: Uint8Array;
}

export interface StreamReaderOptions {
  readonly connection: NatsConnection;
  readonly stream: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Milliseconds before reading goes on after it was interrupted. */
const pause = 500;

/** A stream, read in order from any position; reading survives the broker's restarts. */
export class StreamReader {
  readonly #options: StreamReaderOptions;

  constructor(options: StreamReaderOptions) {
    this.#options = options;
  }

  /** Identity of the stream and the position of its last message. */
  async state(): Promise<{ readonly id: string; readonly last: number }> {
    const { connection, stream } = this.#options;
    try {
      const manager = await connection.jetstreamManager();
      const { created, state } = await manager.streams.info(stream);
      return { id: `${stream} ${created}`, last: state.last_seq };
    } catch (error) {
      throw fromNats(`read the state of stream ${stream}`, error);
    }
  }

  /**
   * Whether the stream still is the one that a message was read from: it has not been set back before it, as by a
   * restored copy. That the message itself was deleted says nothing.
   */
  async holds({ sequence, time, subject }: StreamPosition): Promise<boolean> {
    const { connection, stream } = this.#options;
    try {
      const manager = await connection.jetstreamManager();
      const found = await manager.streams.getMessage(stream, { seq: sequence });
      return found.subject === subject && found.time.getTime() === time.getTime();
    } catch (error) {
      if (!isNotFound(error)) throw fromNats(`read stream ${stream}`, error);
      return (await this.state()).last >= sequence;
    }
  }

  /** How many messages there are after `sequence`: fewer than positions, where some were deleted. */
  async left(sequence: number): Promise<number> {
    try {
      const consumer = await this.#consumer(sequence + 1);
      const { num_pending: left } = await consumer.info();
      await consumer.delete();
      return left;
    } catch (error) {
      throw fromNats(`read the state of stream ${this.#options.stream}`, error);
    }
  }

  /** Every message after `sequence`, for ever, until aborted. */
  async *read(sequence: number, signal: AbortSignal): AsyncGenerator<StreamMessage, void, undefined> {
    const { clock, logger, stream } = this.#options;
    let last = sequence;
    while (!signal.aborted) {
      try {
        for await (const message of this.#consume(last + 1, signal)) {
          if (message.seq <= last) continue;
          last = message.seq;
          const { subject, data, info } = message;
          yield {
            sequence: last,
            time: new Date(info.timestampNanos / 1e6),
            subject,
            data,
            left: info.pending,
          };
        }
      } catch (error) {
        logger.warn({ error, stream }, 'reading a stream was interrupted; trying again');
      }
      await clock.sleep(pause, signal).catch(() => undefined);
    }
  }

  #consumer(from: number): Promise<Consumer> {
    const { connection, stream } = this.#options;
    const options = { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: from };
    return connection.jetstream().consumers.get(stream, options);
  }

  async *#consume(from: number, signal: AbortSignal): AsyncGenerator<JsMsg, void, undefined> {
    const consumer = await this.#consumer(from);
    const messages = await consumer.consume({ max_messages: 500, expires: 10_000 });
    const stop = (): void => {
      messages.stop();
    };
    signal.addEventListener('abort', stop, { once: true });
    try {
      yield* messages;
    } finally {
      signal.removeEventListener('abort', stop);
      messages.stop();
    }
  }
}
