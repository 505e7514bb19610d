import type { Runtime } from '@unpair/graph';
import { createOnnxRuntime } from './onnxruntime/onnxruntime.js';

/** The runtimes that can be asked for by name; `auto` is the fastest one installed. */
export type RuntimeName = 'auto' | 'onnxruntime';

const RUNTIMES: Readonly<Record<RuntimeName, () => Runtime>> = {
  auto: createOnnxRuntime,
  onnxruntime: createOnnxRuntime,
};

/** Names that {@link createRuntime} takes. */
export const RUNTIME_NAMES = Object.keys(RUNTIMES) as readonly RuntimeName[];

/** Creates the runtime called `name`. Mains pass on what their user chose; the default suits everybody else. */
export function createRuntime(name: RuntimeName = 'auto'): Runtime {
  return RUNTIMES[name]();
}
