import { startNatsServer, type LocalNatsServer } from '@unpair/platform';
import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A real nats-server for one test: free loopback port, its own folder, gone when the test ends. */
export class TestNatsServer implements AsyncDisposable {
  readonly #directory: string;
  #server: LocalNatsServer;

  private constructor(directory: string, server: LocalNatsServer) {
    this.#directory = directory;
    this.#server = server;
  }

  static async start(): Promise<TestNatsServer> {
    const directory = await mkdtemp(join(tmpdir(), 'unpair-nats-'));
    return new TestNatsServer(directory, await startNatsServer({ directory }));
  }

  get url(): string {
    return this.#server.url;
  }

  /** Ends the server as a crash would: SIGKILL, streams left as they are. */
  async kill(): Promise<void> {
    const { process } = this.#server;
    const exited = once(process, 'exit');
    process.kill('SIGKILL');
    await exited;
  }

  /** Starts it again on the same port and folder. */
  async restart(): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    this.#server = await startNatsServer({ directory: this.#directory, port: this.#server.port });
  }

  /** Keeps a copy of what the server has stored; the server is restarted for it. */
  async save(): Promise<void> {
    await this.kill();
    await cp(join(this.#directory, 'store'), join(this.#directory, 'saved'), { recursive: true });
    await this.restart();
  }

  /** Sets the stored back to the saved copy, as a restored disk or a lost one would. */
  async setBack(): Promise<void> {
    await this.kill();
    await rm(join(this.#directory, 'store'), { recursive: true });
    await cp(join(this.#directory, 'saved'), join(this.#directory, 'store'), { recursive: true });
    await this.restart();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
