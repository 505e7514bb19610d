import { convolutionOps } from './convolution-ops.js';
import { elementwiseOps } from './elementwise-ops.js';
import { matrixOps } from './matrix-ops.js';
import type { OpWriter } from './node.js';
import { shapingOps } from './shaping-ops.js';

/** What can be read, by TensorFlow's names; constants and placeholders come on top. */
export const OPERATORS: ReadonlyMap<string, OpWriter> = new Map(
  Object.entries({ ...convolutionOps, ...matrixOps, ...elementwiseOps, ...shapingOps }),
);
