import { UnpairError } from '@unpair/errors';
import { systemCode } from '@unpair/files';
import type { CheckpointStore } from '@unpair/platform';
import { open, type FileHandle } from 'node:fs/promises';
import { stepsIn } from '../compute/checkpoint-record.js';

export interface CheckpointSupplyOptions {
  readonly store: CheckpointStore;
  readonly key: string;
  /** File in which the compute process replaces the state of the training. */
  readonly path: string;
  /** Milliseconds between two uploads. */
  readonly interval: number;
  readonly onStored: () => void;
  /** Called once, with the first reason why a state could not be stored. */
  readonly onFailed: (reason: UnpairError) => void;
}

/** Milliseconds that the last upload may take: well within the 20 s after which a worker that leaves is ended. */
const lastPatience = 12_000;

/** Carries the state of one training from this machine's disk to the store, now and then, while others compute. */
export class CheckpointSupply implements AsyncDisposable {
  readonly #options: CheckpointSupplyOptions;
  readonly #stop = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> | undefined;
  #stored: number | undefined;
  #hasFailed = false;

  constructor(options: CheckpointSupplyOptions) {
    this.#options = options;
    this.#timer = setInterval(() => {
      this.#running ??= this.#store(this.#stop.signal).finally(() => (this.#running = undefined));
    }, options.interval);
  }

  /** Stores what there is now, and nothing later: another worker is to go on from there. */
  async last(): Promise<void> {
    clearInterval(this.#timer);
    const signal = AbortSignal.timeout(lastPatience);
    const late = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => {
        resolve();
      });
    });
    const storing = Promise.resolve(this.#running).then(() => this.#store(signal));
    await Promise.race([storing, late]);
  }

  /** Resolves when nothing is on its way any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort();
    await this.#running;
  }

  async #store(signal: AbortSignal): Promise<void> {
    try {
      const file = await openIfThere(this.#options.path);
      if (file === undefined) return;
      try {
        await this.#upload(file, signal);
      } finally {
        await file.close();
      }
    } catch (error) {
      if (this.#hasFailed || this.#stop.signal.aborted) return;
      this.#hasFailed = true;
      this.#options.onFailed(UnpairError.from(error));
    }
  }

  /** The file may be replaced meanwhile; what was opened stays whole. */
  async #upload(file: FileHandle, signal: AbortSignal): Promise<void> {
    const { store, key, onStored } = this.#options;
    const { mtimeMs } = await file.stat();
    if (mtimeMs === this.#stored) return;
    const steps = await stepsIn(contentOf(file));
    if (steps === undefined) throw new UnpairError('DATA_LOSS', 'it is damaged on the disk');
    if (await store.put(key, { steps, content: contentOf(file), signal })) onStored();
    this.#stored = mtimeMs;
  }
}

function contentOf(file: FileHandle): AsyncIterable<Uint8Array> {
  return file.createReadStream({ start: 0, autoClose: false }) as AsyncIterable<Uint8Array>;
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  return open(path).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  });
}
