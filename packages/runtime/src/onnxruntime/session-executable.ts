import type { Executable, Graph, Tensors, ValueInfo } from '@unpair/graph';
import { RuntimeError } from '@unpair/graph';
import type { InferenceSession } from 'onnxruntime-node';
import { checkFeeds } from '../feeds.js';
import { runFailure } from '../run-failure.js';
import { fromOrt, toOrt } from './tensors.js';

/** One onnxruntime session behind the {@link Executable} interface. */
export class SessionExecutable implements Executable {
  readonly #graph: Graph;
  readonly #session: InferenceSession;
  readonly #running = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  /** Takes the session over: closing this object releases it. */
  constructor(graph: Graph, session: InferenceSession) {
    this.#graph = graph;
    this.#session = session;
  }

  get inputs(): readonly ValueInfo[] {
    return this.#graph.inputs;
  }

  get outputs(): readonly ValueInfo[] {
    return this.#graph.outputs;
  }

  /** See {@link Executable.run}. Feeds are read when the run starts, one turn of the event loop from now. */
  async run(feeds: Tensors): Promise<Tensors> {
    if (this.#closed !== undefined) throw new RuntimeError(`graph "${this.#graph.name}" is closed`);
    checkFeeds(this.#graph.name, this.#graph.inputs, feeds);
    const run = this.#execute(feeds);
    this.#running.add(run);
    try {
      return await run;
    } finally {
      this.#running.delete(run);
    }
  }

  /** Releases the native memory once the runs in flight are done. Closing twice is harmless. */
  close(): Promise<void> {
    this.#closed ??= this.#release();
    return this.#closed;
  }

  async #execute(feeds: Tensors): Promise<Tensors> {
    const entries = Object.entries(feeds).map(([name, tensor]) => [name, toOrt(tensor)] as const);
    try {
      const results = await this.#session.run(Object.fromEntries(entries));
      return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, fromOrt(name, value)]));
    } catch (error) {
      throw runFailure(this.#graph.name, error);
    }
  }

  async #release(): Promise<void> {
    await Promise.allSettled(this.#running);
    await this.#session.release();
  }
}
