import type { Clock } from './clock.js';
import type { Logger } from './logging.js';

/** What has to be undone before the process ends; run in the reverse order of registration. */
export type CloseStep = () => void | Promise<void>;

export interface LifecycleOptions {
  readonly logger: Logger;
  readonly clock: Clock;
  /** All steps together may take so long, in milliseconds; then the rest is abandoned. */
  readonly deadline: number;
}

/** One process's life: a signal that says when to stop, and the ordered steps of stopping. */
export class Lifecycle {
  readonly #options: LifecycleOptions;
  readonly #controller = new AbortController();
  readonly #steps: { readonly name: string; readonly close: CloseStep }[] = [];
  #stopping: Promise<boolean> | undefined;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  /** Aborts when the process is asked to stop: by SIGTERM, SIGINT or {@link stop}. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Adds a step; the last one added runs first. */
  onStop(name: string, close: CloseStep): void {
    this.#steps.push({ name, close });
  }

  /** Disposes a resource on stop, and hands it back. */
  use<T extends AsyncDisposable>(name: string, resource: T): T {
    this.onStop(name, async () => {
      await resource[Symbol.asyncDispose]();
    });
    return resource;
  }

  /** Turns SIGTERM and SIGINT into {@link stop}; `done` gets the exit code. */
  listen(process: NodeJS.Process, done: (exitCode: number) => void): void {
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      process.on(name, () => {
        this.#options.logger.info({ signal: name }, 'asked to stop');
        void this.stop().then((clean) => {
          done(clean ? 0 : 1);
        });
      });
    }
  }

  /** Runs the steps once, however often it is called. Resolves to whether all ended well and in time. */
  stop(): Promise<boolean> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<boolean> {
    const { clock, deadline, logger } = this.#options;
    this.#controller.abort();
    const timer = new AbortController();
    const late = clock.sleep(deadline, timer.signal).then(
      () => {
        logger.error({ deadline }, 'gave up waiting for an orderly stop');
        return false;
      },
      () => false,
    );
    const clean = await Promise.race([this.#runSteps(), late]);
    timer.abort();
    return clean;
  }

  async #runSteps(): Promise<boolean> {
    let clean = true;
    for (const { name, close } of this.#steps.reverse()) {
      try {
        await close();
      } catch (error) {
        clean = false;
        this.#options.logger.error({ error, step: name }, 'a step of stopping failed');
      }
    }
    return clean;
  }
}
