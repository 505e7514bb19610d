export { RUNTIME_NAMES, createRuntime } from './create-runtime.js';
export type { RuntimeName, RuntimeOptions } from './create-runtime.js';
export { createOnnxRuntime } from './onnxruntime/onnxruntime.js';
export type { TensorflowBackend } from './tensorflow/device.js';
