import { describeNode } from '../attributes.js';
import type { Dim, ModelError, Node } from '../graph.js';
import { DerivativeError } from './derivative-error.js';
import type { Emitter } from './emitter.js';
import { NodeView } from './node-view.js';

/**
 * One node on its way back: the adjoints of its outputs are known, those of its inputs are asked for.
 * The adjoint of a value v is the derivative of the summed result with respect to v; it has v's shape.
 */
export class Pullback extends NodeView {
  readonly #adjoints: readonly (string | undefined)[];
  readonly #active: ReadonlySet<string>;

  constructor(
    node: Node,
    emit: Emitter,
    adjoints: readonly (string | undefined)[],
    active: ReadonlySet<string>,
  ) {
    super(node, emit);
    this.#adjoints = adjoints;
    this.#active = active;
  }

  /** The adjoint of the first output. */
  get dy(): string {
    const adjoint = this.#adjoints[0];
    if (adjoint === undefined) throw this.refuse('only its first output can be differentiated');
    return adjoint;
  }

  /** The adjoint of output `index`; undefined where the result does not depend on that output. */
  adjointOf(index: number): string | undefined {
    return this.#adjoints[index];
  }

  /** Whether the adjoint of input `index` is needed. Rules build no other. */
  wants(index: number): boolean {
    return this.#active.has(this.node.inputs[index] ?? '');
  }

  /** The adjoint of one input where it is wanted. */
  when(index: number, write: () => string): string | undefined {
    return this.wants(index) ? write() : undefined;
  }

  /** Sums an output-shaped adjoint back to input `index`, which was broadcast. */
  unbroadcast(index: number, adjoint: string): string {
    return this.emit.reduceToShape(adjoint, this.outputShape, this.shape(index));
  }

  /** The error for a node that its rule cannot differentiate. */
  override refuse(reason: string): ModelError {
    return new DerivativeError(`${describeNode(this.node)} cannot be differentiated: ${reason}`);
  }
}

/**
 * An adjoint that is the same along some axes: `value`, of shape `shape`, broadcasts to the shape of the input.
 * It is spread out only where it is not added to a whole adjoint anyway.
 */
export interface BroadcastAdjoint {
  readonly value: string;
  readonly shape: readonly Dim[];
}

/** The adjoints of a node's inputs, in order; undefined, or left out at the end, where none is wanted or it is zero. */
export type InputAdjoints = readonly (string | BroadcastAdjoint | undefined)[];

/**
 * How one operator is differentiated. The nodes that a rule writes must have rules themselves (or be
 * constant almost everywhere), so that a derivative can be differentiated again.
 */
export type GradientRule = (pullback: Pullback) => InputAdjoints;

export type RuleTable = Readonly<Record<string, GradientRule>>;

/** An axis counted from the front, whichever way it was written. */
export function fromFront(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}
