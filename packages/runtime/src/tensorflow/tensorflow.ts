import { UnpairError } from '@unpair/errors';
import type { Executable, Graph, LoadOptions, Runtime } from '@unpair/graph';
import { ModelError } from '@unpair/graph';
import { GraphExecutable } from '../graph-executable.js';
import { openBackend } from './backend.js';
import type { Device, TensorflowBackend } from './device.js';
import { loadedPlan } from './loaded-plan.js';
import { compilePlan } from './plan.js';
import { assertThreads } from '../threads.js';

export interface TensorflowOptions {
  /** Default: `tensorflow` where its native library is installed, else `wasm`. */
  readonly backend?: TensorflowBackend;
}

/**
 * Executes graphs with TensorFlow.js: natively where TensorFlow is installed, else in WebAssembly. A run occupies the
 * calling thread until it is done. WebAssembly computes on one thread, whatever was asked for.
 *
 * @throws {UnpairError} when the backend asked for is not installed
 */
export async function createTensorflowRuntime({ backend }: TensorflowOptions = {}): Promise<Runtime> {
  const { device, version, place } = await openBackend(backend);
  return {
    name: 'tensorflow',
    version,
    device: place,
    load: (graph, options) => load(device, graph, options),
  };
}

async function load(device: Device, graph: Graph, { threads = 1 }: LoadOptions = {}): Promise<Executable> {
  assertThreads(threads);
  await device.acquire();
  try {
    return new GraphExecutable(graph, loadedPlan(graph.name, device, compilePlan(device, graph)));
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new UnpairError(
      'FAILED_PRECONDITION',
      `the runtime tensorflow cannot load graph "${graph.name}": ${error.message}`,
      {
        cause: error,
      },
    );
  }
}
