export { formatOf } from './format.js';
export type { ModelFormat } from './format.js';
export { decodeTensorflowJs, shardPaths } from './tensorflowjs/decode.js';
export type { ReadShard } from './tensorflowjs/weights.js';
export { decodeTflite } from './tflite/decode.js';
export { tfliteOperators } from './tflite/registry.js';
