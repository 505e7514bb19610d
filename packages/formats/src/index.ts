export { formatOf } from './format.js';
export type { ModelFormat } from './format.js';
export { decodeTensorflowJs, shardPaths } from './tensorflowjs/decode.js';
export type { ReadShard } from './tensorflowjs/weights.js';
