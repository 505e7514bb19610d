import { describeNode, floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../attributes.js';
import type { Dim, Node } from '../graph.js';
import { ModelError } from '../graph.js';
import type { Emitter } from './emitter.js';

/** One node, read by what writes other nodes for it: its derivative, or the simpler operators it stands for. */
export class NodeView {
  readonly node: Node;
  readonly emit: Emitter;

  constructor(node: Node, emit: Emitter) {
    this.node = node;
    this.emit = emit;
  }

  /** The first input. */
  get x(): string {
    return this.input(0);
  }

  /** The first output. */
  get y(): string {
    return this.node.outputs[0] ?? '';
  }

  input(index: number): string {
    const name = this.node.inputs[index] ?? '';
    if (name === '') throw this.refuse(`its input ${index} is missing`);
    return name;
  }

  /** The name of an optional input; undefined where it is left out. */
  optional(index: number): string | undefined {
    const name = this.node.inputs[index];
    return name === '' ? undefined : name;
  }

  shape(index: number): readonly Dim[] {
    return this.emit.shapeOf(this.input(index));
  }

  get outputShape(): readonly Dim[] {
    return this.emit.shapeOf(this.y);
  }

  int(name: string, fallback: number): number {
    return intAttribute(this.node, name, fallback);
  }

  float(name: string, fallback: number): number {
    return floatAttribute(this.node, name, fallback);
  }

  string(name: string, fallback: string): string {
    return stringAttribute(this.node, name, fallback);
  }

  ints(name: string): readonly number[] | undefined {
    return intsAttribute(this.node, name);
  }

  /** The constant numbers of input `index` (axes, pads, steps); undefined where the input is left out. */
  integers(index: number): readonly number[] | undefined {
    const name = this.optional(index);
    if (name === undefined) return undefined;
    const values = this.emit.numbersOf(name);
    if (values === undefined) throw this.refuse(`its input "${name}" is computed at run time`);
    return values;
  }

  /** Sizes of a shape that must not depend on the run. */
  sizes(dims: readonly Dim[]): readonly number[] {
    return dims.map((dim) => {
      if (typeof dim === 'number') return dim;
      throw this.refuse(`its size "${dim}" is known only at run time`);
    });
  }

  /** Bounds what a rule writes: elements of a constant, or nodes. @throws {ModelError} when they are too many. */
  limit(elements: number, most = 2 ** 24): void {
    if (elements > most) throw this.refuse(`it would need ${elements} constants or nodes, more than ${most}`);
  }

  /** The error for a node that cannot be rewritten. */
  refuse(reason: string): ModelError {
    return new ModelError(`${describeNode(this.node)} is not supported: ${reason}`);
  }
}
