import type { Runtime } from '@unpair/graph';
import { createOnnxRuntime } from './onnxruntime/onnxruntime.js';
import type { TensorflowBackend } from './tensorflow/device.js';

/** The runtimes that can be asked for by name; `auto` is the faster one on the device asked for. */
export type RuntimeName = 'auto' | 'onnxruntime' | 'tensorflow';

export interface RuntimeOptions {
  /** Backend of the runtime `tensorflow`. Default: the fastest one installed. */
  readonly backend?: TensorflowBackend;
  /** `cpu`, `cuda:0`, …; of `tensorflow` what it sees. Default: `cpu`, of `tensorflow` the fastest that it sees. */
  readonly device?: string;
}

const RUNTIMES: Readonly<Record<RuntimeName, (options: RuntimeOptions) => Promise<Runtime>>> = {
  auto: ({ device }) => Promise.resolve(createOnnxRuntime(device)),
  onnxruntime: ({ device }) => Promise.resolve(createOnnxRuntime(device)),
  // Imported when it is asked for: nobody else waits for TensorFlow.js to load.
  tensorflow: async ({ device, backend }) => {
    const { createTensorflowRuntime } = await import('./tensorflow/tensorflow.js');
    const fitting = backend ?? (device?.startsWith('cuda') ? 'tensorflow' : undefined);
    return createTensorflowRuntime(fitting === undefined ? {} : { backend: fitting });
  },
};

/** Names that {@link createRuntime} takes. */
export const RUNTIME_NAMES = Object.keys(RUNTIMES) as readonly RuntimeName[];

/**
 * Creates the runtime called `name`. Mains pass on what their user chose; the default suits everybody else.
 * @throws {UnpairError} when a backend was asked for that is not installed
 */
export function createRuntime(name: RuntimeName = 'auto', options: RuntimeOptions = {}): Promise<Runtime> {
  return RUNTIMES[name](options);
}
