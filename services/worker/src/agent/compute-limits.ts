import { readFile } from 'node:fs/promises';
import { totalmem } from 'node:os';

export interface ComputeLimits {
  /** Bytes of memory that the compute process may hold. */
  readonly memory: number;
  /** Milliseconds that loading a model may take. */
  readonly loadTimeout: number;
}

export interface LimitWatchOptions extends ComputeLimits {
  readonly pid: number;
  /** Whether the process has nothing to do. */
  readonly isIdle: () => boolean;
  /** Called once when the process goes beyond a limit. */
  readonly onExcess: (excess: Excess) => void;
}

/** What a process did that it may not. */
export interface Excess {
  /** A sentence. */
  readonly reason: string;
  /** Whether what it was asked last is to blame, and not models that it held already. */
  readonly isProven: boolean;
}

/** Milliseconds between two looks at the memory of a process: it may fill a gigabyte in a second. */
const interval = 200;
/** Linux' size of a page, in which it tells of memory. */
const pageSize = 4_096;

/**
 * Watches the compute process from outside, since what goes beyond its limits blocks it: small files may hold graphs
 * that take all memory, or hours, to unfold. Memory is seen where the system has /proc.
 */
export class LimitWatch implements Disposable {
  readonly #options: LimitWatchOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #loading = new Map<string, NodeJS.Timeout>();
  /** Memory that the process held when it had nothing to do. */
  #base = 0;
  #isOver = false;

  constructor(options: LimitWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#look(), interval);
    this.#timer.unref();
  }

  /** The process begins to load a model, or has loaded it. */
  loading(model: string, hasBegun: boolean): void {
    clearTimeout(this.#loading.get(model));
    this.#loading.delete(model);
    if (!hasBegun) return;
    const { loadTimeout } = this.#options;
    const reason = `Model ${model.slice(0, 12)}… took longer than ${loadTimeout / 1_000} s to load, the limit of UNPAIR_LOAD_SECONDS.`;
    const timer = setTimeout(() => {
      this.#exceed({ reason, isProven: true });
    }, loadTimeout);
    this.#loading.set(model, timer);
  }

  async #look(): Promise<void> {
    const { pid, memory, isIdle } = this.#options;
    const held = await residentBytes(pid);
    if (isIdle()) this.#base = held;
    if (held <= memory) return;
    const reason = `It takes more memory than the ${Math.round(memory / 2 ** 20)} MiB of UNPAIR_MEMORY_LIMIT.`;
    this.#exceed({ reason, isProven: held - this.#base > memory / 2 });
  }

  #exceed(excess: Excess): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.onExcess(excess);
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    clearInterval(this.#timer);
    for (const timer of this.#loading.values()) clearTimeout(timer);
  }
}

/** Memory that a process holds; 0 where that cannot be told. */
export async function residentBytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/statm`, 'utf8').catch(() => '');
  return Number(text.split(' ')[1] ?? 0) * pageSize;
}

/** Bytes for a compute process unless told: four fifths of what its container may have, or of the machine. */
export function defaultMemoryLimit(): number {
  const limit = process.constrainedMemory();
  return 0.8 * (limit > 0 && limit < totalmem() ? limit : totalmem());
}
