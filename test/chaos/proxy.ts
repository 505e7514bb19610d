import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';

/**
 * What stands between one process and one node of the broker: a TCP proxy on loopback. Cut, it ends what is open and
 * refuses what is new; silent, it keeps what is open and lets no byte through, as a network that drops packets does.
 */
export class Proxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  #state: 'open' | 'cut' | 'silent' = 'open';

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.#target = target;
    server.on('connection', (socket) => {
      this.#accept(socket);
    });
  }

  static async start(target: number): Promise<Proxy> {
    const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Proxy(server, target);
  }

  get url(): string {
    const address = this.#server.address();
    return `nats://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`;
  }

  cut(): void {
    this.#state = 'cut';
    for (const socket of this.#sockets) socket.destroy();
  }

  silence(): void {
    this.#state = 'silent';
    for (const socket of this.#sockets) socket.pause();
  }

  heal(): void {
    this.#state = 'open';
    for (const socket of this.#sockets) socket.resume();
  }

  #accept(socket: Socket): void {
    if (this.#state === 'cut') {
      socket.destroy();
      return;
    }
    const upstream = createConnection(this.#target, '127.0.0.1');
    for (const [from, to] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
      if (this.#state === 'silent') from.pause();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
