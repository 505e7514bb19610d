import {
  decodeModel,
  foldConstants,
  summarizeModel,
  type Executable,
  type Graph,
  type Runtime,
} from '@unpair/graph';
import { GraphClassifier } from './graph-classifier.js';
import type { Closable } from './lease-cache.js';

export interface LoadedModelOptions {
  readonly runtime: Runtime;
  readonly threads: number;
  /** The ONNX file. */
  readonly bytes: Uint8Array;
}

/**
 * A model in memory: its graph, and the executables made of it so far, one for each purpose (logits, input gradient).
 * Purposes are added on demand because a stage rarely needs all.
 */
export class LoadedModel implements Closable {
  readonly graph: Graph;
  /** The graph without what exporters leave to be computed at run time, which could not be differentiated. */
  readonly #folded: Graph;
  /** Size of the file. */
  readonly bytes: number;
  readonly #options: LoadedModelOptions;
  readonly #executables = new Map<string, Promise<Executable>>();
  #classifier: GraphClassifier | undefined;

  /** @throws {ModelError} when the bytes are no ONNX model that we understand. */
  constructor(options: LoadedModelOptions) {
    this.#options = options;
    this.graph = decodeModel(options.bytes);
    this.#folded = foldConstants(this.graph, { keepQuantized: true });
    this.bytes = options.bytes.length;
  }

  /** Number of weights. */
  get parameters(): number {
    return summarizeModel(this.graph).parameters;
  }

  /**
   * The model as attacks see it.
   * @throws {ModelError} when it is no image classifier.
   */
  get classifier(): GraphClassifier {
    this.#classifier ??= new GraphClassifier(this.#folded, (purpose, derive) =>
      this.executable(purpose, derive),
    );
    return this.#classifier;
  }

  /** The executable for `purpose`, of the graph that `derive` makes of the model's; made once. */
  executable(purpose: string, derive: (graph: Graph) => Graph = (graph) => graph): Promise<Executable> {
    const held = this.#executables.get(purpose);
    if (held !== undefined) return held;
    const { runtime, threads } = this.#options;
    const loading = Promise.resolve(this.#folded)
      .then(derive)
      .then((graph) => runtime.load(graph, { threads }));
    this.#executables.set(purpose, loading);
    return loading;
  }

  async close(): Promise<void> {
    const loaded = await Promise.allSettled(this.#executables.values());
    this.#executables.clear();
    const executables = loaded.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    await Promise.all(executables.map((executable) => executable.close()));
  }
}
