import type { AccuracyRows } from '@unpair/protocol';
import {
  decodeModel,
  foldConstants,
  membersOf,
  summarizeModel,
  type Backward,
  type Executable,
  type Graph,
  type Runtime,
} from '@unpair/graph';
import {
  createDifferentiableClassifier,
  createFeatureExtractor,
  type DifferentiableClassifier,
  type FeatureExtractor,
  type RunSizes,
} from '@unpair/classifiers';
import type { Closable } from './lease-cache.js';

export interface LoadedModelOptions {
  readonly runtime: Runtime;
  readonly threads: number;
  /** The ONNX file. */
  readonly bytes: Uint8Array;
  /** Says how many rows of the model's graphs run at a time; default: all that a task offers. */
  readonly runSizes?: (graph: Graph) => Promise<RunSizes>;
  /** Called with what a user should know of how the model runs. */
  readonly onRemark?: (remark: string) => void;
  /** Called when a form of the model begins to be loaded, and when it has been. */
  readonly onLoading?: (begun: boolean) => void;
}

/**
 * A model in memory: its graph, and what has been loaded of it so far. That is done on demand, because models are
 * also served that are no classifiers.
 */
export class LoadedModel implements Closable {
  readonly graph: Graph;
  /** Size of the file. */
  readonly bytes: number;
  readonly #options: LoadedModelOptions;
  #classifier: Promise<DifferentiableClassifier> | undefined;
  /** By how their gradients are taken, as JSON. */
  readonly #members = new Map<string, Promise<readonly DifferentiableClassifier[]>>();
  #features: Promise<FeatureExtractor | undefined> | undefined;
  #forward: Promise<Executable> | undefined;

  /** @throws {ModelError} when the bytes are no ONNX model that we understand. */
  constructor(options: LoadedModelOptions) {
    this.#options = options;
    this.graph = decodeModel(options.bytes);
    this.bytes = options.bytes.length;
  }

  /** Weights, those that are not zero, and multiply-accumulate operations of one sample. */
  get size(): Pick<AccuracyRows, 'parameters' | 'nonZero' | 'macs'> {
    const { parameters, nonZero, macs } = summarizeModel(this.graph);
    return { parameters, nonZero, macs: macs ?? undefined };
  }

  /**
   * The model as attacks see it; made once, and closed with the model.
   * @throws {ModelError} when it is no image classifier
   * @throws {UnpairError} when the runtime cannot run it
   */
  classifier(): Promise<DifferentiableClassifier> {
    this.#classifier ??= this.#load(() => this.#createClassifier(this.graph));
    return this.#classifier;
  }

  /**
   * The classifiers that the file consists of, as attacks take surrogates: of most files, itself. Made once, and closed
   * with the model.
   * @param backward how their gradients are taken, where that is not as derivatives
   * @throws as {@link classifier}
   */
  members(backward?: Backward): Promise<readonly DifferentiableClassifier[]> {
    const key = JSON.stringify(backward ?? null);
    const members = this.#members.get(key) ?? this.#loadMembers(backward);
    this.#members.set(key, members);
    return members;
  }

  /**
   * The model below its last linear layer; undefined when it has none. Made once, and closed with the model.
   * @throws {ModelError} when it is no image classifier
   * @throws {UnpairError} when the runtime cannot run it
   */
  features(): Promise<FeatureExtractor | undefined> {
    const { runtime, threads } = this.#options;
    this.#features ??= this.#load(() => createFeatureExtractor({ graph: this.graph, runtime, threads }));
    return this.#features;
  }

  /**
   * The model as it is, with its own inputs and outputs; made once, and closed with the model.
   * @throws {UnpairError} when the runtime cannot run it
   */
  forward(): Promise<Executable> {
    const { runtime, threads } = this.#options;
    this.#forward ??= this.#load(() =>
      runtime.load(foldConstants(this.graph, { keepQuantized: true }), { threads }),
    );
    return this.#forward;
  }

  async #load<T>(load: () => Promise<T>): Promise<T> {
    const { onLoading } = this.#options;
    onLoading?.(true);
    try {
      return await load();
    } finally {
      onLoading?.(false);
    }
  }

  async #loadMembers(backward?: Backward): Promise<readonly DifferentiableClassifier[]> {
    const graphs = membersOf(this.graph);
    if (graphs.length === 1 && backward === undefined) return [await this.classifier()];
    const members: DifferentiableClassifier[] = [];
    for (const graph of graphs) members.push(await this.#load(() => this.#createClassifier(graph, backward)));
    return members;
  }

  async #createClassifier(graph: Graph, backward?: Backward): Promise<DifferentiableClassifier> {
    const { runtime, threads, runSizes, onRemark } = this.#options;
    const sizes = await runSizes?.(graph);
    const clock = (): number => performance.now();
    const classifier = await createDifferentiableClassifier({
      graph,
      runtime,
      threads,
      backward,
      clock,
      ...(sizes && { runSizes: sizes }),
    });
    for (const remark of classifier.remarks ?? []) onRemark?.(remark);
    return classifier;
  }

  async close(): Promise<void> {
    const loaded = await Promise.allSettled([this.#classifier, this.#features, this.#forward]);
    for (const one of loaded) if (one.status === 'fulfilled') await one.value?.close();
    const own = await this.#classifier?.catch(() => undefined);
    for (const one of await Promise.allSettled(this.#members.values())) {
      const members = one.status === 'fulfilled' ? one.value : [];
      for (const member of members) if (member !== own) await member.close();
    }
  }
}
