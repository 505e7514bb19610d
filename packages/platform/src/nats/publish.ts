import { headers as newHeaders, type JetStreamClient, type MsgHdrs, type NatsConnection } from 'nats';
import { UnpairError } from '@unpair/errors';
import { systemClock, type Clock } from '../clock.js';
import { presentTrace } from '../tracing/spans.js';
import { fromNats, isFenced } from './errors.js';

export interface PublishOptions {
  /** Same id, same message: JetStream stores it once, however often it is sent. */
  readonly messageId: string;
  /** Refuse the message when its subject already holds one. */
  readonly onlyFirst?: boolean;
  /** Refuse the message unless the last one on its subject has this sequence number. */
  readonly onlyAfter?: number;
  readonly headers?: MsgHdrs;
  /** Milliseconds to go on trying for; for ever unless said. */
  readonly patience?: number;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/** `stored` also when an earlier try of the same message had been stored. */
export type Publication =
  { readonly outcome: 'stored'; readonly sequence: number } | { readonly outcome: 'fenced' };

/** The header that names the span which a message was published in. */
export const traceHeader = 'traceparent';

/** What headers take of a message, at most: its id and what it expects. */
const headerSize = 1_024;

/**
 * The error of a message that is larger than the broker takes, now and ever: FAILED_PRECONDITION. Undefined where it fits.
 * @param what what it is: `result of task 7`
 */
export function sizeProblem(
  connection: NatsConnection,
  what: string,
  { length }: Uint8Array,
): UnpairError | undefined {
  const most = (connection.info?.max_payload ?? Infinity) - headerSize;
  if (length <= most) return undefined;
  const message = `The ${what} has ${length} bytes, and the broker takes messages of at most ${most}.`;
  return new UnpairError('FAILED_PRECONDITION', message);
}

const firstDelay = 250;
const longestDelay = 5_000;

/**
 * Publishes to a stream and waits until it is stored, trying again with the same message id while the broker is away
 * or out of space.
 * @throws UnpairError UNAVAILABLE or RESOURCE_EXHAUSTED after `patience`; CANCELLED on abort; others at once
 */
export async function publish(
  js: JetStreamClient,
  subject: string,
  data: Uint8Array,
  options: PublishOptions,
): Promise<Publication> {
  const { patience = Infinity, signal, clock = systemClock } = options;
  const start = clock.seconds();
  for (let delay = firstDelay; ; delay = Math.min(2 * delay, longestDelay)) {
    signal?.throwIfAborted();
    const answer = await tryPublish(js, subject, data, options);
    if (!(answer instanceof UnpairError)) return answer;
    const waited = (clock.seconds() - start) * 1_000;
    if (!answer.retryable || waited + delay > patience) throw answer;
    await clock.sleep(delay, signal);
  }
}

async function tryPublish(
  js: JetStreamClient,
  subject: string,
  data: Uint8Array,
  { messageId, onlyFirst = false, onlyAfter, headers }: PublishOptions,
): Promise<Publication | UnpairError> {
  const lastSubjectSequence = onlyFirst ? 0 : onlyAfter;
  const traced = withTrace(headers);
  try {
    const { seq } = await js.publish(subject, data, {
      msgID: messageId,
      ...(lastSubjectSequence !== undefined && { expect: { lastSubjectSequence } }),
      ...(traced !== undefined && { headers: traced }),
    });
    return { outcome: 'stored', sequence: seq };
  } catch (error) {
    if (isFenced(error)) return { outcome: 'fenced' };
    return fromNats(`publish to ${subject}`, error);
  }
}

/** Headers with the span that a message is published in, where there is one. */
function withTrace(headers: MsgHdrs | undefined): MsgHdrs | undefined {
  const traceparent = presentTrace();
  if (traceparent === undefined) return headers;
  const traced = headers ?? newHeaders();
  traced.set(traceHeader, traceparent);
  return traced;
}
