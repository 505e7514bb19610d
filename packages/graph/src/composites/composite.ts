import type { NodeView } from '../autodiff/node-view.js';

/**
 * Writes the simpler operators that a node stands for and returns the values of its outputs, in order.
 * `undefined` where the node is simple enough as it is.
 */
export type Decomposition = (node: NodeView) => readonly string[] | undefined;

/** Decompositions by operator name. */
export type Decompositions = Readonly<Record<string, Decomposition>>;
