import { DeliverPolicy, type JsMsg, type NatsConnection } from 'nats';
import type { Clock } from '../clock.js';
import type { Logger } from '../logging.js';
import { fromNats } from './errors.js';

/** One message of a stream, at its position. */
export interface StreamMessage {
  readonly sequence: number;
  /** When the stream took it. */
  readonly time: Date;
  readonly subject: string;
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
          yield { sequence: last, time: new Date(info.timestampNanos / 1e6), subject, data };
        }
      } catch (error) {
        logger.warn({ error, stream }, 'reading a stream was interrupted; trying again');
      }
      await clock.sleep(pause, signal).catch(() => undefined);
    }
  }

  async *#consume(from: number, signal: AbortSignal): AsyncGenerator<JsMsg, void, undefined> {
    const { connection, stream } = this.#options;
    const consumer = await connection.jetstream().consumers.get(stream, {
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: from,
    });
    const messages = await consumer.consume({ max_messages: 500 });
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
