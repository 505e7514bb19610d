import { describeNode } from '../attributes.js';
import type { Dim, Node, ValueType } from '../graph.js';
import { ModelError } from '../graph.js';

/** Elements of a small integer tensor in row-major order, as far as they are known: sizes or their names. */
export type Contents = readonly Dim[];

/** What a rule knows about a node. */
export interface NodeContext {
  readonly node: Node;
  readonly opset: number;
  /** Type of each input; `undefined` where an optional one is absent. */
  readonly inputs: readonly (ValueType | undefined)[];
  /** What each input holds, where that is known without running the graph. */
  readonly contents: readonly (Contents | undefined)[];
}

/** Types of a node's outputs from those of its inputs. One rule an operator; the registry maps names to rules. */
export type ShapeRule = (context: NodeContext) => readonly ValueType[];

/** Rules by operator name. */
export type ShapeRules = Readonly<Record<string, ShapeRule>>;

/** The error of a node that makes no sense. */
export function nodeError(node: Node, complaint: string): ModelError {
  return new ModelError(`${describeNode(node)} ${complaint}`);
}

/** A shape as messages print it. */
export function showShape(shape: readonly Dim[]): string {
  return `[${shape.join(', ')}]`;
}

/** Type of an input that the operator cannot do without. @throws {ModelError} when it is absent. */
export function requireInput({ node, inputs }: NodeContext, index: number): ValueType {
  const type = inputs[index];
  if (type === undefined) throw nodeError(node, `lacks its input ${index}`);
  return type;
}

/** Known numbers of an input, e.g. axes. @throws {ModelError} when they are computed at run time. */
export function requireNumbers(context: NodeContext, index: number, what: string): readonly number[] {
  const numbers = numbersOf(context, index);
  if (numbers === undefined)
    throw nodeError(context.node, `takes its ${what} from a value that is not constant`);
  return numbers;
}

/** Known numbers of an input; `undefined` when it is absent or not known. */
export function numbersOf(context: NodeContext, index: number): readonly number[] | undefined {
  const contents = context.contents[index];
  return contents?.every((dim) => typeof dim === 'number') === true ? contents : undefined;
}

/** An axis counted from the front. @throws {ModelError} when it is outside `rank`. */
export function resolveAxis(node: Node, axis: number, rank: number): number {
  const resolved = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || resolved < 0 || resolved >= rank) {
    throw nodeError(node, `has axis ${axis}, but its input has ${rank} dimensions`);
  }
  return resolved;
}

/** A dimension that must exist because the rank was checked. */
export function dimAt(shape: readonly Dim[], index: number): Dim {
  const dim = shape[index];
  if (dim === undefined) throw new RangeError(`shape ${showShape(shape)} has no dimension ${index}`);
  return dim;
}

/** Asserts a least number of dimensions. @throws {ModelError} naming the node. */
export function requireRank(node: Node, shape: readonly Dim[], least: number): void {
  if (shape.length < least) {
    throw nodeError(node, `needs an input of at least ${least} dimensions, got ${showShape(shape)}`);
  }
}

/** Most dimensions of a tensor. */
export const MAX_RANK = 64;

/** Names for the sizes of a result of which only the rank is known. @throws {ModelError} when that is absurd. */
export function unknownSizes(node: Node, rank: number): readonly Dim[] {
  if (rank > MAX_RANK) throw nodeError(node, `makes a tensor of ${rank} dimensions, more than ${MAX_RANK}`);
  return Array.from({ length: rank }, (_, i) => `${node.outputs[0] ?? node.name}_${i}`);
}
