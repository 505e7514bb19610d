import {
  decodeResult,
  decodeWasted,
  parseSubject,
  resultsStream,
  wastedSubject,
  type ResultAddress,
  type TaskResult,
  type WastedAttempt,
} from '@unpair/protocol';
import {
  StreamReader,
  type StreamMessage,
  type StreamPosition,
  type StreamReaderOptions,
} from '@unpair/platform';

/** One message of the results stream. What it is for, its subject says, which the broker fences; the payload has to agree. */
export type ResultEvent = Omit<StreamMessage, 'data'> & Content;

type Content =
  | { readonly kind: 'result'; readonly result: TaskResult }
  /** What lies where the result of a task belongs, and is none: no other can come for that round. */
  | { readonly kind: 'spoilt'; readonly address: ResultAddress; readonly reason: string }
  | { readonly kind: 'wasted'; readonly attempt: WastedAttempt }
  /** Not ours, or damaged: skipped. */
  | { readonly kind: 'unreadable'; readonly reason: string };

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

  /** Whether the stream has not been set back before a message that was read from it. */
  holds(position: StreamPosition): Promise<boolean> {
    return this.#reader.holds(position);
  }

  /** How many messages there are after `sequence`. */
  left(sequence: number): Promise<number> {
    return this.#reader.left(sequence);
  }

  /** Every message after `sequence`, for ever, until aborted. */
  async *read(sequence: number, signal: AbortSignal): AsyncGenerator<ResultEvent, void, undefined> {
    for await (const message of this.#reader.read(sequence, signal)) yield eventOf(message);
  }
}

/** Reads one message; whatever it holds, it is an event. */
export function eventOf({ sequence, time, subject, left, data }: StreamMessage): ResultEvent {
  return {
    sequence,
    time,
    subject,
    left,
    ...(subject.startsWith('wasted.') ? wasted : taskResult)(subject, data),
  };
}

function taskResult(subject: string, data: Uint8Array): Content {
  const address = parseSubject(subject);
  if (address === undefined) return { kind: 'unreadable', reason: 'its subject names no task' };
  const result = read(decodeResult, data);
  if (result === undefined) return { kind: 'spoilt', address, reason: `is damaged (${data.length} bytes)` };
  const isOfAnother =
    result.campaignId !== address.campaignId ||
    result.index !== address.index ||
    result.round !== address.round;
  if (isOfAnother) return { kind: 'spoilt', address, reason: 'says that it is of another task' };
  return { kind: 'result', result };
}

function wasted(subject: string, data: Uint8Array): Content {
  const attempt = read(decodeWasted, data);
  if (attempt === undefined) return { kind: 'unreadable', reason: `it is damaged (${data.length} bytes)` };
  const { campaignId, index, queries } = attempt;
  const isOurs = /^[a-z0-9-]+$/.test(campaignId) && subject === wastedSubject(campaignId);
  if (!isOurs || index < 0 || queries < 0)
    return { kind: 'unreadable', reason: 'its content disagrees with its subject' };
  return { kind: 'wasted', attempt };
}

/** What the bytes say; undefined where they are damaged. */
function read<T>(decode: (bytes: Uint8Array) => T, data: Uint8Array): T | undefined {
  try {
    return decode(data);
  } catch {
    return undefined;
  }
}
