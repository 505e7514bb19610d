import type { Executable, Graph, Tensors, ValueInfo } from '@unpair/graph';
import { RuntimeError } from '@unpair/graph';
import { checkFeeds } from '../feeds.js';
import { runFailure } from '../run-failure.js';
import type { Device } from './device.js';
import type { Plan } from './plan.js';

/** A plan behind the {@link Executable} interface. */
export class PlanExecutable implements Executable {
  readonly #device: Device;
  readonly #graph: Graph;
  readonly #plan: Plan;
  readonly #running = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  /** Takes the plan over: closing this object disposes of its constants. */
  constructor(device: Device, graph: Graph, plan: Plan) {
    this.#device = device;
    this.#graph = graph;
    this.#plan = plan;
  }

  get inputs(): readonly ValueInfo[] {
    return this.#graph.inputs;
  }

  get outputs(): readonly ValueInfo[] {
    return this.#graph.outputs;
  }

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

  /** Frees the constants once the runs in flight are done. Closing twice is harmless. */
  close(): Promise<void> {
    this.#closed ??= this.#release();
    return this.#closed;
  }

  async #execute(feeds: Tensors): Promise<Tensors> {
    await this.#device.acquire();
    try {
      return this.#plan.run(feeds);
    } catch (error) {
      throw runFailure(this.#graph.name, error);
    }
  }

  async #release(): Promise<void> {
    await Promise.allSettled(this.#running);
    this.#plan.dispose();
  }
}
