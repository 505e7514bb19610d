import {
  Client,
  credentials,
  Metadata,
  type CallOptions,
  type ClientOptions,
  type ClientWritableStream,
  type ServiceError as GrpcError,
  type StatusObject,
} from '@grpc/grpc-js';
import { once } from 'node:events';
import { UnpairError } from '@unpair/errors';
import { tlsChannel, type ClientTls } from '../security/tls.js';
import { fromStatus } from './status.js';

/** One method of a generated service definition: `CampaignServiceService.getCampaign`. */
export interface Method<Q, R, QS extends boolean, RS extends boolean> {
  readonly path: string;
  readonly requestStream: QS;
  readonly responseStream: RS;
  readonly requestSerialize: (value: Q) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => R;
}

export interface InvokeOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds the call may take; no limit unless said. */
  readonly timeout?: number;
  /** Wait for a server that is not there yet, instead of failing at once. */
  readonly waitForReady?: boolean;
}

/** How a client reaches servers, and who it is. */
export interface ClientAccess {
  /** Plain text where it is undefined. */
  readonly tls?: ClientTls | undefined;
  /** A bearer token, which every call carries. */
  readonly token?: string | undefined;
}

/** A server that starts is found within a second of it: gRPC's own pauses between tries grow to minutes. */
const channelOptions: ClientOptions = {
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.initial_reconnect_backoff_ms': 250,
  'grpc.max_reconnect_backoff_ms': 1_000,
};

/**
 * Calls services by their generated definitions, with promises and async iterables. Every error is a
 * {@link UnpairError} with the server's code, sentence and field violations.
 */
export class RpcClient implements Disposable {
  readonly #client: Client;
  readonly #token: string | undefined;

  /** @throws UnpairError INVALID_ARGUMENT where a file of {@link ClientAccess.tls} is none */
  constructor(address: string, { tls, token }: ClientAccess = {}) {
    const channel = tls === undefined ? credentials.createInsecure() : tlsChannel(tls);
    this.#client = new Client(address, channel, channelOptions);
    this.#token = token;
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  /** One request, one response. */
  async unary<Q, R>(method: Method<Q, R, false, false>, request: Q, options: InvokeOptions = {}): Promise<R> {
    return new Promise((resolve, reject) => {
      const settle = settler(resolve, reject);
      const call = this.#client.makeUnaryRequest(...this.#argumentsOf(method, request, options), settle);
      cancelOnAbort(call, options.signal);
    });
  }

  /** One request, a stream of responses; leaving the loop early ends the call. */
  async *serverStream<Q, R>(
    method: Method<Q, R, false, true>,
    request: Q,
    options: InvokeOptions = {},
  ): AsyncGenerator<R, void, undefined> {
    const call = this.#client.makeServerStreamRequest(...this.#argumentsOf(method, request, options));
    cancelOnAbort(call, options.signal);
    try {
      for await (const response of call as AsyncIterable<R>) yield response;
    } catch (error) {
      throw asServiceError(error);
    } finally {
      call.cancel();
    }
  }

  /** A stream of requests, one response; requests are drawn no faster than the server reads. */
  async clientStream<Q, R>(
    method: Method<Q, R, true, false>,
    requests: AsyncIterable<Q> | Iterable<Q>,
    options: InvokeOptions = {},
  ): Promise<R> {
    const { path, requestSerialize, responseDeserialize } = method;
    const { metadata, call: callOptions } = this.#prepare(options);
    return new Promise((resolve, reject) => {
      const answered = new AbortController();
      const settle = settler(resolve, reject);
      const call = this.#client.makeClientStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        metadata,
        callOptions,
        (error, value?: R) => {
          settle(error, value);
          answered.abort();
        },
      );
      cancelOnAbort(call, options.signal);
      send(call, requests, answered.signal).catch((error: unknown) => {
        reject(asServiceError(error));
        call.cancel();
      });
    });
  }

  #prepare(options: InvokeOptions): { metadata: Metadata; call: CallOptions } {
    const { timeout, waitForReady = false } = options;
    const metadata = new Metadata({ waitForReady });
    if (this.#token !== undefined) metadata.set('authorization', `Bearer ${this.#token}`);
    return { metadata, call: timeout === undefined ? {} : { deadline: Date.now() + timeout } };
  }

  /** What a call with one request takes, but for what is told of the answer. */
  #argumentsOf<Q, R>(method: Method<Q, R, false, boolean>, request: Q, options: InvokeOptions) {
    const { path, requestSerialize, responseDeserialize } = method;
    const { metadata, call } = this.#prepare(options);
    return [path, requestSerialize, responseDeserialize, request, metadata, call] as const;
  }
}

/** Writes requests until they end or the server has answered, which it may do before it has read them all. */
async function send<Q>(
  call: ClientWritableStream<Q>,
  requests: AsyncIterable<Q> | Iterable<Q>,
  answered: AbortSignal,
): Promise<void> {
  for await (const request of requests) {
    if (answered.aborted) return;
    if (!call.write(request)) await Promise.race([once(call, 'drain'), once(answered, 'abort')]);
  }
  call.end();
}

function settler<R>(resolve: (value: R) => void, reject: (error: Error) => void) {
  return (error: GrpcError | null, value?: R): void => {
    if (error !== null) reject(fromStatus(error));
    else if (value === undefined) reject(new UnpairError('INTERNAL', 'The server sent no response.'));
    else resolve(value);
  };
}

/** Lets `signal` cancel a call for as long as it lasts: a signal outlives many calls. */
function cancelOnAbort(call: AnyCall, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  const cancel = (): void => {
    call.cancel();
  };
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel);
  call.once('status', () => {
    signal.removeEventListener('abort', cancel);
  });
}

/** What calls of all kinds share. */
interface AnyCall {
  cancel(): void;
  /** Every call ends with one status, also when it is cancelled. */
  once(event: 'status', listener: () => void): unknown;
}

function asServiceError(error: unknown): UnpairError {
  return isStatus(error) ? fromStatus(error) : UnpairError.from(error);
}

function isStatus(error: unknown): error is StatusObject & Error {
  return (
    error instanceof Error && 'details' in error && 'metadata' in error && error.metadata instanceof Metadata
  );
}
