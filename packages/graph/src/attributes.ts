import type { Attribute, Node } from './graph.js';
import { ModelError } from './graph.js';

/** How messages name a node: its name and operator. */
export function describeNode(node: Node): string {
  return `node "${node.name}" (${node.op})`;
}

/** Reads an integer attribute: the nearest number where it is beyond ±2^53. @throws {ModelError} when it is there with another kind. */
export function intAttribute(node: Node, name: string, fallback: number): number {
  return Number(read(node, name, 'int')?.value ?? fallback);
}

/** Reads a float attribute. @throws {ModelError} when it is there with another kind. */
export function floatAttribute(node: Node, name: string, fallback: number): number {
  return read(node, name, 'float')?.value ?? fallback;
}

/** Reads a string attribute. @throws {ModelError} when it is there with another kind. */
export function stringAttribute(node: Node, name: string, fallback: string): string {
  return read(node, name, 'string')?.value ?? fallback;
}

/** Reads a list of integers, as {@link intAttribute}; `undefined` when it is absent. @throws {ModelError} when it has another kind. */
export function intsAttribute(node: Node, name: string): readonly number[] | undefined {
  return read(node, name, 'ints')?.value.map(Number);
}

function read<K extends Attribute['kind']>(
  node: Node,
  name: string,
  kind: K,
): Extract<Attribute, { kind: K }> | undefined {
  const attribute = Object.hasOwn(node.attributes, name) ? node.attributes[name] : undefined;
  if (attribute === undefined) return undefined;
  if (attribute.kind !== kind) {
    throw new ModelError(
      `${describeNode(node)} has attribute "${name}" of kind ${attribute.kind}, expected ${kind}`,
    );
  }
  return attribute as Extract<Attribute, { kind: K }>;
}
