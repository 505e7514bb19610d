import type { Runtime } from '@unpair/graph';
import { createOnnxRuntime } from './onnxruntime/onnxruntime.js';
import type { TensorflowBackend } from './tensorflow/device.js';

/** The runtimes that can be asked for by name; `auto` is the fastest one installed. */
export type RuntimeName = 'auto' | 'onnxruntime' | 'tensorflow';

export interface RuntimeOptions {
  /** Backend of the runtime `tensorflow`. Default: the fastest one installed. */
  readonly backend?: TensorflowBackend;
}

const RUNTIMES: Readonly<Record<RuntimeName, (options: RuntimeOptions) => Promise<Runtime>>> = {
  auto: () => Promise.resolve(createOnnxRuntime()),
  onnxruntime: () => Promise.resolve(createOnnxRuntime()),
  // Imported when it is asked for: nobody else waits for TensorFlow.js to load.
  tensorflow: async (options) => {
    const { createTensorflowRuntime } = await import('./tensorflow/tensorflow.js');
    return createTensorflowRuntime(options);
  },
};

/** Names that {@link createRuntime} takes. */
export const RUNTIME_NAMES = Object.keys(RUNTIMES) as readonly RuntimeName[];

/**
 * Creates the runtime called `name`. Mains pass on what their user chose; the default suits everybody else.
 * @throws {RuntimeError} when a backend was asked for that is not installed
 */
export function createRuntime(name: RuntimeName = 'auto', options: RuntimeOptions = {}): Promise<Runtime> {
  return RUNTIMES[name](options);
}
