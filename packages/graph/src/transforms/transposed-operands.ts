import type { Node, ValueType } from '../graph.js';
import type { Contents } from '../shapes/rule.js';

/** Axis `i` of a value is axis `permutation[i]` of what is held in its place, as in the attribute of Transpose. */
export type Permutation = readonly number[];

/** A node some of whose inputs are held untransposed, and what may be added for it. */
export interface Pushing {
  readonly node: Node;
  /** How its held inputs are transposed; all in the same way. */
  readonly permutation: Permutation;
  /** What is held of each input; `undefined` for inputs that are as they are. */
  readonly bases: readonly (string | undefined)[];
  readonly types: ReadonlyMap<string, ValueType>;
  readonly contents: ReadonlyMap<string, Contents>;
  /** Whether a value is computed from constants alone. */
  readonly isConstant: (value: string) => boolean;
  /** Adds a vector of int64. */
  readonly constant: (values: readonly number[]) => string;
  /** Adds nodes that give a value of `shape` with its axes in another order. */
  readonly rearranged: (value: string, shape: readonly number[], permutation: Permutation) => string;
}

/** The node in its new form, and how its results are transposed; `undefined` when they are as they were. */
export interface Pushed {
  readonly node: Node;
  readonly permutation: Permutation | undefined;
}

export type PushRule = (pushing: Pushing) => Pushed | undefined;

/** An axis counted from the front. */
export function resolved(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** Known integers of an input; `undefined` where they are computed at run time. */
export function constantNumbers({ node, contents }: Pushing, index: number): readonly number[] | undefined {
  const numbers = contents.get(node.inputs[index] ?? '');
  return numbers?.every((dim) => typeof dim === 'number') === true ? numbers : undefined;
}

/** Undoes a permutation. */
export function inverse(permutation: Permutation): Permutation {
  return permutation.map((_, axis) => permutation.indexOf(axis));
}

/**
 * The inputs of a node whose operands broadcast: held ones as they are held, constants rearranged to match.
 * @returns `undefined` when another operand would have to be transposed at run time, or has more dimensions.
 */
export function alignedOperands(pushing: Pushing): readonly string[] | undefined {
  const { node, bases, permutation, types, isConstant, rearranged } = pushing;
  const inputs = node.inputs.map((name, i) => {
    const base = bases[i];
    if (base !== undefined) return base;
    const shape = types.get(name)?.shape;
    if (shape === undefined || shape.length > permutation.length) return undefined;
    if (shape.every((dim) => dim === 1)) return name;
    if (!isConstant(name) || !shape.every((dim) => typeof dim === 'number')) return undefined;
    const missing = permutation.length - shape.length;
    return rearranged(name, [...Array.from({ length: missing }, () => 1), ...shape], inverse(permutation));
  });
  return inputs.every((name) => name !== undefined) ? inputs : undefined;
}
