import {
  decodeResult,
  decodeWasted,
  resultsStream,
  type TaskResult,
  type WastedAttempt,
} from '@unpair/protocol';
import { fromNats, type Clock, type Logger } from '@unpair/platform';
import { DeliverPolicy, type JsMsg, type NatsConnection } from 'nats';

/** One message of the results stream. */
export type ResultEvent = { readonly sequence: number; readonly time: Date } & (
  | { readonly kind: 'result'; readonly result: TaskResult }
  | { readonly kind: 'wasted'; readonly attempt: WastedAttempt }
  /** Not ours, or damaged: skipped. */
  | { readonly kind: 'unreadable'; readonly reason: string }
);

export interface ResultLogOptions {
  readonly connection: NatsConnection;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The results stream, read in order from any position; reading survives the broker's restarts. */
export class ResultLog {
  readonly #options: ResultLogOptions;

  constructor(options: ResultLogOptions) {
    this.#options = options;
  }

  /** Identity of the stream and the position of its last message. */
  async state(): Promise<{ readonly id: string; readonly last: number }> {
    try {
      const manager = await this.#options.connection.jetstreamManager();
      const { created, state } = await manager.streams.info(resultsStream);
      return { id: `${resultsStream} ${created}`, last: state.last_seq };
    } catch (error) {
      throw fromNats('read the state of the results', error);
    }
  }

  /** Every message after `sequence`, for ever, until aborted. */
  async *read(sequence: number, signal: AbortSignal): AsyncGenerator<ResultEvent, void, undefined> {
    const { clock, logger } = this.#options;
    let last = sequence;
    while (!signal.aborted) {
      try {
        for await (const message of this.#consume(last + 1, signal)) {
          if (message.seq <= last) continue;
          last = message.seq;
          yield eventOf(message);
        }
      } catch (error) {
        logger.warn({ error }, 'reading results was interrupted; trying again');
      }
      await clock.sleep(500, signal).catch(() => undefined);
    }
  }

  async *#consume(from: number, signal: AbortSignal): AsyncGenerator<JsMsg, void, undefined> {
    const consumer = await this.#options.connection.jetstream().consumers.get(resultsStream, {
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

function eventOf(message: JsMsg): ResultEvent {
  const time = new Date(message.info.timestampNanos / 1e6);
  const place = { sequence: message.seq, time };
  try {
    return message.subject.startsWith('wasted.')
      ? { ...place, kind: 'wasted', attempt: decodeWasted(message.data) }
      : { ...place, kind: 'result', result: decodeResult(message.data) };
  } catch (error) {
    return { ...place, kind: 'unreadable', reason: String(error) };
  }
}
