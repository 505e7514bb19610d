import {
  decodeResult,
  decodeWasted,
  resultsStream,
  type TaskResult,
  type WastedAttempt,
} from '@unpair/protocol';
import { StreamReader, type StreamMessage, type StreamReaderOptions } from '@unpair/platform';

/** One message of the results stream. */
export type ResultEvent = { readonly sequence: number; readonly time: Date } & (
  | { readonly kind: 'result'; readonly result: TaskResult }
  | { readonly kind: 'wasted'; readonly attempt: WastedAttempt }
  /** Not ours, or damaged: skipped. */
  | { readonly kind: 'unreadable'; readonly reason: string }
);

/** The results stream, read in order from any position. */
export class ResultLog {
  readonly #reader: StreamReader;

  constructor(options: Omit<StreamReaderOptions, 'stream'>) {
    this.#reader = new StreamReader({ ...options, stream: resultsStream });
  }

  /** Identity of the stream and the position of its last message. */
  state(): Promise<{ readonly id: string; readonly last: number }> {
    return this.#reader.state();
  }

  /** Every message after `sequence`, for ever, until aborted. */
  async *read(sequence: number, signal: AbortSignal): AsyncGenerator<ResultEvent, void, undefined> {
    for await (const message of this.#reader.read(sequence, signal)) yield eventOf(message);
  }
}

function eventOf({ sequence, time, subject, data }: StreamMessage): ResultEvent {
  const place = { sequence, time };
  try {
    return subject.startsWith('wasted.')
      ? { ...place, kind: 'wasted', attempt: decodeWasted(data) }
      : { ...place, kind: 'result', result: decodeResult(data) };
  } catch (error) {
    return { ...place, kind: 'unreadable', reason: String(error) };
  }
}
