import { convolutionOps } from './convolution-ops.js';
import { elementwiseOps } from './elementwise-ops.js';
import { matrixOps } from './matrix-ops.js';
import type { NodeCall, Operand } from './node.js';
import { shapingOps } from './shaping-ops.js';

/** Writes a node of one operator into the graph. */
export type OpWriter = (call: NodeCall) => Operand;

/** What can be read, by TensorFlow's names; constants and placeholders come on top. */
export const OPERATORS: ReadonlyMap<string, OpWriter> = new Map(
  Object.entries({ ...convolutionOps, ...matrixOps, ...elementwiseOps, ...shapingOps }),
);
