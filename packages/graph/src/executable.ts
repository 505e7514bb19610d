import type { Graph, ValueInfo } from './graph.js';
import type { Tensor } from './tensor.js';

export type Tensors = Readonly<Record<string, Tensor>>;

/** A graph made ready to run on a device. It holds native memory until closed. */
export interface Executable {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** What there is to say about how it runs, as a phrase: `without fused kernels, …`. */
  readonly remark?: string | undefined;
  /**
   * Runs the graph once. Results do not depend on what else is in the batch, unless the graph computes along it.
   * @throws {UnpairError} FAILED_PRECONDITION when a feed is missing, unknown, or of the wrong type or shape, or the graph is closed.
   * @throws {UnpairError} RESOURCE_EXHAUSTED when the run needs more memory than its device has; a smaller batch may
   *   succeed.
   */
  run(feeds: Tensors): Promise<Tensors>;
  close(): Promise<void>;
}

export interface LoadOptions {
  /** Threads inside one operator. Default 1: parallelism comes from several workers. */
  readonly threads?: number;
}

/** What executes graphs. Implementations live in packages/runtime and pass one conformance suite. */
export interface Runtime {
  /** `onnxruntime`, `tensorflow`. */
  readonly name: string;
  readonly version: string;
  /** `cpu`, `cuda:0`, `webgpu`. */
  readonly device: string;
  /** @throws {UnpairError} FAILED_PRECONDITION naming the operator or value that the device cannot run. */
  load(graph: Graph, options?: LoadOptions): Promise<Executable>;
}
