import { UnpairError } from '@unpair/errors';
import type { Executable, Graph, Tensors, ValueInfo } from '@unpair/graph';
import { checkFeeds } from './feeds.js';

/** What a runtime has made of a graph. */
export interface LoadedGraph {
  /** Runs the graph on feeds that fit it. @throws {UnpairError} */
  run(feeds: Tensors): Promise<Tensors>;
  /** Frees what the graph holds; nothing runs then, nor later. */
  release(): Promise<void>;
}

/** A loaded graph behind the {@link Executable} interface: checks feeds, and releases once, after the last run. */
export class GraphExecutable implements Executable {
  readonly remark: string | undefined;
  readonly #graph: Graph;
  readonly #loaded: LoadedGraph;
  readonly #running = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  /** Takes the loaded graph over: closing this object releases it. */
  constructor(graph: Graph, loaded: LoadedGraph, remark?: string) {
    this.#graph = graph;
    this.#loaded = loaded;
    this.remark = remark;
  }

  get inputs(): readonly ValueInfo[] {
    return this.#graph.inputs;
  }

  get outputs(): readonly ValueInfo[] {
    return this.#graph.outputs;
  }

  async run(feeds: Tensors): Promise<Tensors> {
    if (this.#closed !== undefined)
      throw new UnpairError('FAILED_PRECONDITION', `graph "${this.#graph.name}" is closed`);
    checkFeeds(this.#graph.name, this.#graph.inputs, feeds);
    const run = this.#loaded.run(feeds);
    this.#running.add(run);
    try {
      return await run;
    } finally {
      this.#running.delete(run);
    }
  }

  /** Releases the graph once the runs in flight are done. Closing twice is harmless. */
  close(): Promise<void> {
    this.#closed ??= this.#release();
    return this.#closed;
  }

  async #release(): Promise<void> {
    await Promise.allSettled(this.#running);
    await this.#loaded.release();
  }
}
