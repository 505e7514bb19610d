import type { Graph, ValueInfo } from './graph.js';
import type { Tensor } from './tensor.js';

export type Tensors = Readonly<Record<string, Tensor>>;

/** A graph made ready to run on a device. It holds native memory until closed. */
export interface Executable {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /**
   * Runs the graph once. Results do not depend on what else is in the batch.
   * @throws {RuntimeError} when a feed is missing, unknown, or of the wrong type or shape, or the graph is closed.
   * @throws {OutOfMemoryError} when the run needs more memory than there is; a smaller batch may succeed.
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
  /** `cpu`, `cuda:0`. */
  readonly device: string;
  /** @throws {RuntimeError} naming the operator or value that the device cannot run. */
  load(graph: Graph, options?: LoadOptions): Promise<Executable>;
}

/** A graph that a runtime refused or failed to run. */
export class RuntimeError extends Error {
  override readonly name: string = 'RuntimeError';
  readonly code: 'FAILED_PRECONDITION' | 'RESOURCE_EXHAUSTED' = 'FAILED_PRECONDITION';
}

/** A run that needed more memory than its device has. The executable stays usable. */
export class OutOfMemoryError extends RuntimeError {
  override readonly code = 'RESOURCE_EXHAUSTED';
}
