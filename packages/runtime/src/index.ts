export { RUNTIME_NAMES, createRuntime } from './create-runtime.js';
export type { RuntimeName } from './create-runtime.js';
export { createOnnxRuntime } from './onnxruntime/onnxruntime.js';
