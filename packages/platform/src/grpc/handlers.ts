import {
  Metadata,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
} from '@grpc/grpc-js';
import { once, type EventEmitter } from 'node:events';
import { UnpairError } from '@unpair/errors';
import type { Clock } from '../clock.js';
import type { Logger } from '../logging.js';
import { identityOf, type Identity } from '../security/identity.js';
import { allDecoded, decoded } from './decoding.js';
import type { GrpcMetrics } from './metrics.js';
import { requestIdFrom, requestIdKey, withinRequest } from '../request-context.js';
import { failSpan, withinSpan } from '../tracing/spans.js';
import { toStatus } from './status.js';

/** What a handler may use beside its request. */
export interface CallContext {
  /** Aborts when the client goes away, its deadline expires or the server drains. */
  readonly signal: AbortSignal;
  /** Who calls. */
  readonly identity: Identity;
}

export interface HandlerOptions {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly metrics?: GrpcMetrics;
  /** Milliseconds for which a client may read nothing of a stream that has more for it. */
  readonly readPatience?: number;
}

/** What a client is told of an error that was not made for its eyes. */
const ownFault = 'The server met an error of its own; its log says which.';

/**
 * Turns async functions and generators into gRPC handlers: errors become canonical statuses with details, streams
 * respect back-pressure, every call is counted, and all open streams can be ended at once for a drain.
 */
export class Handlers {
  readonly #options: HandlerOptions;
  /** Of each call that is being answered, what ends it. `AbortSignal.any` would leave a trace of every call at a signal of all. */
  readonly #running = new Set<AbortController>();
  #drained: UnpairError | undefined;

  constructor(options: HandlerOptions) {
    this.#options = options;
  }

  /** Ends every open stream with UNAVAILABLE. */
  endStreams(): void {
    this.#drained = new UnpairError('UNAVAILABLE', 'The server is shutting down; call again.');
    for (const call of this.#running) call.abort(this.#drained);
  }

  /** A call was not let in. */
  refused(path: string, code: UnpairError['code']): void {
    this.#options.metrics?.observe(path, code, 0);
  }

  /** One request, one response. */
  unary<Q, R>(handler: (request: Q, context: CallContext) => Promise<R>): handleUnaryCall<Q, R> {
    return (call, callback) => {
      void this.#run(call, (context) => handler(decoded(call.request), context)).then((outcome) => {
        if (outcome instanceof Refused) callback(outcome.status);
        else callback(null, outcome);
      });
    };
  }

  /** A stream of requests, one response. */
  clientStream<Q, R>(
    handler: (requests: AsyncIterable<Q>, context: CallContext) => Promise<R>,
  ): handleClientStreamingCall<Q, R> {
    return (call, callback) => {
      const requests = allDecoded(call as AsyncIterable<Q>);
      void this.#run(call, (context) => handler(requests, context)).then((outcome) => {
        if (outcome instanceof Refused) callback(outcome.status);
        else callback(null, outcome);
      });
    };
  }

  /** One request, a stream of responses, produced no faster than the client reads. */
  serverStream<Q, R>(
    handler: (request: Q, context: CallContext) => AsyncIterable<R>,
  ): handleServerStreamingCall<Q, R> {
    return (call) => {
      const pump = async (context: CallContext): Promise<void> => {
        for await (const response of handler(decoded(call.request), context)) {
          if (!call.write(response)) await this.#read(call, context.signal);
          context.signal.throwIfAborted();
        }
      };
      void this.#run(call, pump).then((outcome) => {
        if (outcome instanceof Refused) call.emit('error', outcome.status);
        else call.end();
      });
    };
  }

  /** Waits until a client has read what was written. @throws UnpairError DEADLINE_EXCEEDED for one that reads nothing */
  async #read(call: EventEmitter, signal: AbortSignal): Promise<void> {
    const { clock, readPatience = 300_000 } = this.#options;
    const done = new AbortController();
    const late = clock.sleep(readPatience, AbortSignal.any([signal, done.signal])).then(() => {
      const message = `The stream was ended: nothing of it was read for ${readPatience / 1_000} s.`;
      throw new UnpairError('DEADLINE_EXCEEDED', message);
    });
    late.catch(() => undefined);
    try {
      await Promise.race([once(call, 'drain', { signal: AbortSignal.any([signal, done.signal]) }), late]);
    } finally {
      done.abort();
    }
  }

  /** Every call has an id, which its log lines have, and which the client is told: at once, and in the details of an error. */
  #run<R>(call: AnyCall, work: (context: CallContext) => Promise<R>): Promise<R | Refused> {
    const requestId = requestIdFrom(call.metadata.get(requestIdKey)[0]);
    const told = new Metadata();
    told.set(requestIdKey, requestId);
    call.sendMetadata(told);
    const parent = String(call.metadata.get('traceparent')[0] ?? '');
    const span = { kind: 'server', parent, attributes: { 'rpc.system': 'grpc', requestId } } as const;
    return withinRequest(requestId, () =>
      withinSpan(call.getPath().slice(1), span, async (span) => {
        const outcome = await this.#observe(call, work);
        if (!(outcome instanceof UnpairError)) return outcome;
        failSpan(span, outcome.code);
        return new Refused(toStatus(outcome, requestId));
      }),
    );
  }

  async #observe<R>(call: AnyCall, work: (context: CallContext) => Promise<R>): Promise<R | UnpairError> {
    const { clock, metrics } = this.#options;
    const start = clock.seconds();
    const gone = new AbortController();
    call.once('cancelled', () => {
      gone.abort(new UnpairError('CANCELLED', 'The client went away.'));
    });
    const { signal } = gone;
    this.#running.add(gone);
    if (this.#drained !== undefined) gone.abort(this.#drained);
    // A handler may throw before it has a promise: that is the call's failure too, never the process's.
    const working = Promise.resolve().then(() => work({ signal, identity: identityOf(call.metadata) }));
    const outcome = await working.catch((error: unknown) => this.#failure(call.getPath(), signal, error));
    this.#running.delete(gone);
    const code = outcome instanceof UnpairError ? outcome.code : 'OK';
    metrics?.observe(call.getPath(), code, clock.seconds() - start);
    return outcome;
  }

  #failure(method: string, signal: AbortSignal, error: unknown): UnpairError {
    const aborted = signal.aborted && error instanceof Error && isOfAbort(error);
    const failure = UnpairError.from(aborted ? signal.reason : error);
    const { logger } = this.#options;
    if (failure.code !== 'INTERNAL') {
      const { code, message: reason } = failure;
      if (refusals.has(code)) logger.info({ method, code, reason }, 'a call was refused');
      return failure;
    }
    logger.error({ error, method }, 'a call failed');
    return failure === error ? failure : new UnpairError('INTERNAL', ownFault, { cause: error });
  }
}

/** What fails because a call has ended: what waited for its signal, and what read on in its stream. */
function isOfAbort(error: Error): boolean {
  return error.name === 'AbortError' || ('code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE');
}

/** What a client gets instead of an answer. */
class Refused {
  readonly status: ReturnType<typeof toStatus>;

  constructor(status: ReturnType<typeof toStatus>) {
    this.status = status;
  }
}

/** Answers that say that what was asked for is not done; that something is not there is none. */
const refusals: ReadonlySet<string> = new Set([
  'INVALID_ARGUMENT',
  'FAILED_PRECONDITION',
  'RESOURCE_EXHAUSTED',
  'PERMISSION_DENIED',
  'UNAUTHENTICATED',
]);

/** What all kinds of calls share. */
interface AnyCall {
  readonly metadata: Metadata;
  sendMetadata(metadata: Metadata): void;
  getPath(): string;
  once(event: 'cancelled', listener: () => void): unknown;
}
