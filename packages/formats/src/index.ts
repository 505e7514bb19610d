export { formatOf } from './format.js';
export type { ModelFormat } from './format.js';
