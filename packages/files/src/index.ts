export { CheckpointFile } from './checkpoint-file.js';
export { assertFreeSpace } from './free-space.js';
export { explainSystemError, isFull, systemCode } from './system-error.js';
export { readWhole, writeWhole } from './whole-file.js';
