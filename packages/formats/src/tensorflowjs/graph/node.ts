import type { Dim, Tensor } from '@unpair/graph';
import { ModelError } from '@unpair/graph';

import type { ChannelsLastBuilder } from '../../channels-last/builder.js';
import type { Value } from '../../channels-last/value.js';
import type { Json } from '../json.js';

/** What a node takes and gives: float values of the graph, or whole numbers that are known now (shapes, axes). */
export type Operand = Value | Numbers;

/** Whole numbers; sizes that are known only at run time are names. */
export interface Numbers {
  readonly shape: readonly Dim[];
  readonly numbers: readonly Dim[];
}

export const isValue = (operand: Operand): operand is Value => 'name' in operand;

/** A node of the GraphDef as the file describes it. */
export interface NodeDef {
  readonly name: string;
  readonly op: string;
  readonly attributes: Json;
  /** Names of the nodes that it takes results of, and which. */
  readonly inputs: readonly { readonly node: string; readonly output: number }[];
}

export function readNode(json: Json): NodeDef {
  return {
    name: json.get('name').string(),
    op: json.get('op').string(),
    attributes: json.get('attr'),
    inputs: json
      .get('input')
      .or((inputs) => inputs.list().map((input) => input.string()), [])
      // A caret stands before nodes that only have to run earlier.
      .filter((input) => !input.startsWith('^'))
      .map((input) => {
        const [node = '', output = '0'] = input.split(':');
        return { node, output: Number(output) };
      }),
  };
}

/** A node with its operands at hand. @throws {ModelError} from every reader, naming the node. */
export class NodeCall {
  readonly build: ChannelsLastBuilder;
  readonly node: NodeDef;
  readonly operands: readonly Operand[];

  constructor(build: ChannelsLastBuilder, node: NodeDef, operands: readonly Operand[]) {
    this.build = build;
    this.node = node;
    this.operands = operands;
  }

  /** How messages name the node: `node "conv1" (Conv2D)`. */
  get place(): string {
    return `node "${this.node.name}" (${this.node.op})`;
  }

  operand(index: number): Operand {
    const operand = this.operands[index];
    if (operand === undefined) throw this.error(`lacks its input ${index}`);
    return operand;
  }

  value(index: number): Value {
    const operand = this.operand(index);
    if (!isValue(operand))
      throw this.error(`takes whole numbers as input ${index}, where float32 is expected`);
    return operand;
  }

  values(): readonly Value[] {
    return this.operands.map((_, index) => this.value(index));
  }

  /** A constant operand. */
  tensor(index: number): Tensor<'float32'> {
    const tensor = this.build.tensor(this.value(index));
    if (tensor === undefined) throw this.error(`computes its input ${index}, where a constant is expected`);
    return tensor;
  }

  /** Whole numbers that are known now. */
  integers(index: number): readonly number[] {
    const sizes = this.sizes(index);
    if (!sizes.every((size) => typeof size === 'number')) {
      throw this.error(`takes input ${index} from a size that is known only at run time`);
    }
    return sizes;
  }

  /** Whole numbers, of which some may be sizes that are known only at run time. */
  sizes(index: number): readonly Dim[] {
    const operand = this.operand(index);
    if (isValue(operand))
      throw this.error(`takes float32 as input ${index}, where whole numbers are expected`);
    return operand.numbers;
  }

  has(name: string): boolean {
    return this.node.attributes.get(name).present;
  }

  number(name: string, fallback: number): number {
    return this.attribute(name)
      .get('f')
      .or((json) => json.number(), fallback);
  }

  integer(name: string, fallback: number): number {
    return this.attribute(name)
      .get('i')
      .or((json) => json.integer(), fallback);
  }

  boolean(name: string, fallback = false): boolean {
    return this.attribute(name)
      .get('b')
      .or((json) => json.boolean(), fallback);
  }

  text(name: string, fallback: string): string {
    return this.attribute(name).get('s').or(textOf, fallback);
  }

  texts(name: string): readonly string[] {
    return this.attribute(name)
      .get('list')
      .get('s')
      .or((json) => json.list().map(textOf), []);
  }

  list(name: string): readonly number[] {
    return this.attribute(name)
      .get('list')
      .get('i')
      .or((json) => json.list().map((entry) => entry.integer()), []);
  }

  error(complaint: string): ModelError {
    return new ModelError(`${this.place} ${complaint}`);
  }

  private attribute(name: string): Json {
    return this.node.attributes.get(name);
  }
}

/** Texts are bytes in base64, or lists of character codes. */
function textOf(json: Json): string {
  if (Array.isArray(json.value)) {
    return json
      .list()
      .map((code) => String.fromCharCode(code.integer(0)))
      .join('');
  }
  try {
    return atob(json.string());
  } catch {
    throw json.unless('text in base64');
  }
}

/** Writes a node of one operator into the graph. */
export type OpWriter = (call: NodeCall) => Operand;
