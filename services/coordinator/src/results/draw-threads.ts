import type { Draw, DrawName } from '@unpair/campaign';
import { UnpairError } from '@unpair/errors';
import { startThread } from '@unpair/platform';
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { serialize } from 'node:v8';
import type { Worker } from 'node:worker_threads';

export interface DrawRequest {
  readonly id: number;
  readonly name: DrawName;
  readonly input: unknown;
}

export type DrawAnswer = { readonly id: number } & (
  { readonly value: unknown } | { readonly error: unknown }
);

/** More threads than this would take from the broker and the workers beside us. */
const mostThreads = Math.min(2, availableParallelism());
/** Answers that are kept, of a kilobyte or two each: those of a report of ten thousand cells. */
const mostKept = 10_000;

/**
 * Computes the parts of reports that take long on threads, which start with the first of them and keep no process alive.
 * What was asked before is answered from memory: a report of a campaign that goes on computes what has new rows.
 */
export class DrawThreads {
  readonly #threads: DrawThread[] = [];
  /** By what was asked; the last one used comes last. */
  readonly #kept = new Map<string, Promise<unknown>>();

  readonly draw: Draw = (name, input) => {
    const key = createHash('sha1').update(name).update(serialize(input)).digest('base64');
    const known = this.#kept.get(key);
    const answer = known ?? this.#idlest().ask(name, input);
    this.#kept.delete(key);
    this.#kept.set(key, answer);
    if (known === undefined) this.#forget(key, answer);
    return answer as ReturnType<Draw> as Promise<never>;
  };

  /** What failed is asked anew; what was not asked for longest goes first. */
  #forget(key: string, answer: Promise<unknown>): void {
    answer.catch(() => this.#kept.delete(key));
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > mostKept && oldest !== undefined) this.#kept.delete(oldest);
  }

  #idlest(): DrawThread {
    const alive = this.#threads.filter((thread) => thread.isAlive);
    if (alive.length < mostThreads) alive.push(new DrawThread());
    this.#threads.splice(0, this.#threads.length, ...alive);
    return alive.reduce((best, thread) => (thread.load < best.load ? thread : best));
  }
}

interface Asker {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

class DrawThread {
  readonly #worker: Worker;
  readonly #askers = new Map<number, Asker>();
  #asked = 0;
  isAlive = true;

  constructor() {
    this.#worker = startThread('./draw-thread', import.meta.url);
    this.#worker.on('message', (answer: DrawAnswer) => {
      this.#settle(answer);
    });
    this.#worker.on('error', (error) => {
      this.#end(error);
    });
    this.#worker.on('exit', () => {
      this.#end(new UnpairError('UNAVAILABLE', 'The thread that computes reports has ended.'));
    });
    this.#worker.unref();
  }

  /** Questions that it has not answered yet. */
  get load(): number {
    return this.#askers.size;
  }

  ask(name: DrawName, input: unknown): Promise<unknown> {
    const id = this.#asked++;
    return new Promise((resolve, reject) => {
      this.#askers.set(id, { resolve, reject });
      this.#worker.ref();
      this.#worker.postMessage({ id, name, input } satisfies DrawRequest);
    });
  }

  #settle(answer: DrawAnswer): void {
    const asker = this.#askers.get(answer.id);
    this.#askers.delete(answer.id);
    if ('value' in answer) asker?.resolve(answer.value);
    else asker?.reject(answer.error);
    if (this.load === 0) this.#worker.unref();
  }

  #end(error: unknown): void {
    this.isAlive = false;
    for (const { reject } of this.#askers.values()) reject(error);
    this.#askers.clear();
  }
}
