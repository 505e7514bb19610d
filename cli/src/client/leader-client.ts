import { UnpairError } from '@unpair/errors';
import { RpcClient, type ClientAccess, type InvokeOptions, type Method } from '@unpair/platform';

/** Calls to the one of several coordinators that leads: one that does not answer, or says that it does not lead, is left. */
export class LeaderClient implements Disposable {
  readonly #clients: readonly RpcClient[];
  #current = 0;

  /** @param addresses `host:port` of each, separated by commas */
  constructor(addresses: string, access: ClientAccess = {}) {
    this.#clients = addresses.split(',').map((address) => new RpcClient(address, access));
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients) client[Symbol.dispose]();
  }

  unary<Q, R>(method: Method<Q, R, false, false>, request: Q, options: InvokeOptions): Promise<R> {
    return this.#ask((client) => client.unary(method, request, options));
  }

  /** @param requests begins the stream of requests anew for each coordinator */
  clientStream<Q, R>(
    method: Method<Q, R, true, false>,
    requests: () => Iterable<Q>,
    options: InvokeOptions,
  ): Promise<R> {
    return this.#ask((client) => client.clientStream(method, requests(), options));
  }

  async *serverStream<Q, R>(
    method: Method<Q, R, false, true>,
    request: Q,
    options: InvokeOptions,
  ): AsyncGenerator<R, void, undefined> {
    const { stream, first } = await this.#ask(async (client) => {
      const begun = client.serverStream(method, request, options);
      return { stream: begun, first: await begun.next() };
    });
    if (first.done === true) return;
    try {
      yield first.value;
    } catch (error) {
      await stream.return();
      throw error;
    }
    yield* stream;
  }

  /** Asks one after the other, from the one that answered last. @throws the last error where none leads */
  async #ask<R>(call: (client: RpcClient) => Promise<R>): Promise<R> {
    for (let asked = 1; ; asked++) {
      const client = this.#clients[this.#current];
      if (client === undefined) throw new UnpairError('INVALID_ARGUMENT', 'no coordinator is named');
      try {
        return await call(client);
      } catch (error) {
        const isPassing = UnpairError.from(error).code === 'UNAVAILABLE';
        if (isPassing) this.#current = (this.#current + 1) % this.#clients.length;
        if (!isPassing || asked >= this.#clients.length) throw error;
      }
    }
  }
}
