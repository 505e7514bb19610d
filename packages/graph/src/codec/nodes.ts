import { describeNode } from '../attributes.js';
import type { Attribute, Attributes, Node } from '../graph.js';
import { ModelError } from '../graph.js';
import { decodeAttribute } from './attribute.js';
import type { ReadExternal } from './tensor.js';
import type { WireAttribute, WireFunction, WireNode, WireOpset } from './wire.js';
import { toNumber } from './wire.js';

/** The default operator domain goes by two names in files. */
const DEFAULT_DOMAIN = 'ai.onnx';
/** How deep functions may call functions. */
const DEEPEST = 32;
/** Most nodes that a file may come to once its functions are inlined. */
const MOST_NODES = 200_000;

/** Operators that run a graph of their own, depending on values. */
const CONTROL: ReadonlySet<string> = new Set(['If', 'Loop', 'Scan', 'SequenceMap']);

/** Version of the default operator set among those that a model or function imports. */
export function defaultOpset(imports: readonly WireOpset[]): number | undefined {
  const entry = imports.find(({ domain }) => domain === '' || domain === DEFAULT_DOMAIN);
  return entry === undefined ? undefined : toNumber(entry.version);
}

/** What a model's nodes may refer to. */
export interface NodeSources {
  readonly functions: readonly WireFunction[];
  readonly opset: number;
  readonly readExternal: ReadExternal | undefined;
}

/**
 * Reads nodes; in place of a node whose operator the file defines stand that function's own nodes, their values and
 * names behind the calling node's.
 * @throws {ModelError} for nodes that depend on subgraphs, and functions that call themselves or grow without bound.
 */
export function decodeNodes(wires: readonly WireNode[], sources: NodeSources): readonly Node[] {
  return new Inliner(sources).run(wires);
}

/** The scope in which a node's names and attributes are read: the graph's, or that of a call. */
interface Scope {
  readonly rename: (value: string) => string;
  readonly prefix: string;
  readonly depth: number;
  /** Attributes of the calling node; undefined outside functions. */
  readonly attributes: Attributes | undefined;
}

class Inliner {
  readonly #sources: NodeSources;
  readonly #functions: ReadonlyMap<string, WireFunction>;
  readonly #nodes: Node[] = [];

  constructor(sources: NodeSources) {
    this.#sources = sources;
    this.#functions = new Map(
      sources.functions.map((wire) => [keyOf(wire.domain, wire.name, wire.overload), wire]),
    );
  }

  run(wires: readonly WireNode[]): readonly Node[] {
    this.#expand(wires, { rename: (value) => value, prefix: '', depth: 0, attributes: undefined });
    return this.#nodes;
  }

  #expand(wires: readonly WireNode[], scope: Scope): void {
    wires.forEach((wire, index) => {
      const node = this.#read(wire, index, scope);
      const definition = this.#functions.get(keyOf(wire.domain, wire.opType, wire.overload));
      if (definition === undefined) this.#nodes.push(node);
      else this.#call(node, definition, scope.depth + 1);
      if (this.#nodes.length > MOST_NODES) {
        throw new ModelError(`the model has more than ${MOST_NODES} nodes once its functions are inlined`);
      }
    });
  }

  #call(node: Node, definition: WireFunction, depth: number): void {
    const opset = defaultOpset(definition.opsetImport) ?? this.#sources.opset;
    if (depth > DEEPEST)
      throw new ModelError(`${describeNode(node)} calls functions more than ${DEEPEST} deep`);
    if (opset !== this.#sources.opset) {
      throw new ModelError(
        `${describeNode(node)} is a function of operator set ${opset} in a model of ${this.#sources.opset}, which is not supported`,
      );
    }
    const prefix = `${node.name}/`;
    const actual = new Map<string, string>([
      ...definition.input.map((name, i): [string, string] => [name, node.inputs[i] ?? '']),
      ...definition.output.flatMap((name, i): [string, string][] => {
        const given = node.outputs[i] ?? '';
        return given === '' ? [] : [[name, given]];
      }),
    ]);
    const rename = (value: string): string => (value === '' ? '' : (actual.get(value) ?? prefix + value));
    const owner = `the function ${node.op}`;
    const defaults = definition.attributeProto.map((wire) => this.#attribute(wire, owner));
    const attributes = { ...Object.fromEntries(defaults), ...node.attributes };
    this.#expand(definition.node, { rename, prefix, depth, attributes });
  }

  #read(wire: WireNode, index: number, { rename, prefix, attributes: outer }: Scope): Node {
    const node: Node = {
      op: wire.opType,
      domain: wire.domain === DEFAULT_DOMAIN ? '' : wire.domain,
      name: prefix + (wire.name || `${wire.opType}_${index}`),
      inputs: withoutTrailingBlanks(wire.input.map(rename)),
      outputs: withoutTrailingBlanks(wire.output.map(rename)),
      attributes: {},
    };
    const owner = describeNode(node);
    if (node.op === '') throw new ModelError(`node "${node.name}" names no operator`);
    if (node.domain === '' && CONTROL.has(node.op)) {
      throw new ModelError(
        `${owner} runs a subgraph that depends on values at run time, which is not supported`,
      );
    }
    const attributes = wire.attribute.flatMap((attribute): [string, Attribute][] => {
      if (attribute.refAttrName === '') return [this.#attribute(attribute, owner)];
      const given = Object.hasOwn(outer ?? {}, attribute.refAttrName)
        ? outer?.[attribute.refAttrName]
        : undefined;
      return given === undefined ? [] : [[attribute.name, given]];
    });
    return { ...node, attributes: Object.fromEntries(attributes) };
  }

  #attribute(wire: WireAttribute, owner: string): [string, Attribute] {
    return [wire.name, decodeAttribute(wire, owner, this.#sources.readExternal)];
  }
}

function keyOf(domain: string, name: string, overload: string): string {
  return JSON.stringify([domain === DEFAULT_DOMAIN ? '' : domain, name, overload]);
}

/** Names without the empty ones at the end. */
export function withoutTrailingBlanks(names: readonly string[]): readonly string[] {
  return names.slice(0, names.findLastIndex((name) => name !== '') + 1);
}
