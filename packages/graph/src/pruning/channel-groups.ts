import { intAttribute, intsAttribute } from '../attributes.js';
import type { Graph, Node, ValueType } from '../graph.js';
import { inferValues } from '../shapes/infer.js';
import type { Tensor } from '../tensor.js';

/** Where a constant holds a group's channels. */
export interface ChannelMember {
  readonly initializer: string;
  /** The axis that runs over the channels. */
  readonly axis: number;
  /** Consecutive elements of that axis for each channel: more than one behind a Flatten. */
  readonly repeat: number;
  /** Whether these weights compute the channels, each from all that is before; the others read or scale them. */
  readonly computes: boolean;
}

/** Channels that can only be removed together: those of values that are added, normalized or pooled. */
export interface ChannelGroup {
  readonly channels: number;
  readonly members: readonly ChannelMember[];
  /** Depthwise convolutions, by name of their output: they have as many groups as channels. */
  readonly depthwise: readonly string[];
}

/** Operators that treat each channel by itself and keep their order. */
const CHANNELWISE: ReadonlySet<string> = new Set([
  ...[
    'Relu',
    'LeakyRelu',
    'Clip',
    'Sigmoid',
    'HardSigmoid',
    'HardSwish',
    'Elu',
    'Tanh',
    'Identity',
    'Dropout',
  ],
  ...['MaxPool', 'AveragePool', 'GlobalAveragePool', 'GlobalMaxPool'],
]);

/** Operators of two operands that are broadcast against each other. */
const ELEMENTWISE: ReadonlySet<string> = new Set(['Add', 'Sub', 'Mul', 'Div']);

/** A group and how many elements of its value's axis 1 stand for each of its channels. */
interface Channels {
  readonly group: number;
  readonly repeat: number;
}

/**
 * Finds which channels of a graph can be removed, and what has to be removed with them. Channels that leave the graph,
 * come into it, or meet an operator that mixes them in a way not known here belong to no group: they stay.
 */
export function channelGroups(graph: Graph): readonly ChannelGroup[] {
  return new GroupFinder(graph).find();
}

class GroupFinder {
  readonly #graph: Graph;
  readonly #types: ReadonlyMap<string, ValueType>;
  readonly #parents: number[] = [];
  readonly #sizes: number[] = [];
  readonly #locked = new Set<number>();
  readonly #members: (readonly [number, ChannelMember])[] = [];
  readonly #depthwise: (readonly [number, string])[] = [];
  readonly #channels = new Map<string, Channels>();

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#types = inferValues(graph).types;
  }

  find(): readonly ChannelGroup[] {
    for (const node of this.#graph.nodes) this.#visit(node);
    for (const { name } of this.#graph.outputs) this.#lock(name);
    this.#lockShared();
    const roots = [...new Set(this.#parents.map((_, group) => this.#root(group)))];
    return roots
      .filter((root) => !this.#isLocked(root))
      .map((root) => ({
        channels: this.#sizes[root] ?? 0,
        members: this.#members.flatMap(([group, member]) => (this.#root(group) === root ? [member] : [])),
        depthwise: this.#depthwise.flatMap(([group, name]) => (this.#root(group) === root ? [name] : [])),
      }))
      .filter(({ members }) => members.some(({ computes }) => computes));
  }

  #visit(node: Node): void {
    const handled = node.domain === '' && this.#follow(node);
    if (handled) return;
    for (const name of [...node.inputs, ...node.outputs]) this.#lock(name);
  }

  /** Says what a node does to channels; false where that is not known. */
  #follow(node: Node): boolean {
    const [x = '', second = ''] = node.inputs;
    if (node.op === 'Conv') return this.#convolution(node);
    if (node.op === 'Gemm' || node.op === 'MatMul') return this.#dense(node);
    if (node.op === 'BatchNormalization') {
      for (const name of node.inputs.slice(1, 5)) this.#member(x, name, 0, false);
      return this.#pass(node);
    }
    if (ELEMENTWISE.has(node.op)) return this.#elementwise(node, x, second);
    if (node.op === 'Flatten' || node.op === 'Reshape') return this.#flatten(node);
    if (node.op === 'ReduceMean' || node.op === 'Slice' || node.op === 'Pad') return this.#spatial(node);
    return CHANNELWISE.has(node.op) && this.#pass(node);
  }

  #convolution(node: Node): boolean {
    const [x = '', weight = '', bias = ''] = node.inputs;
    const [outputs = 0, perGroup = 0] = this.#graph.initializers.get(weight)?.shape ?? [];
    const groups = intAttribute(node, 'group', 1);
    const name = node.outputs[0] ?? '';
    if (outputs === 0) return false;
    if (groups > 1 && perGroup === 1 && outputs === groups) {
      const channels = this.#channels.get(x);
      if (channels?.repeat !== 1) return false;
      this.#channels.set(name, channels);
      this.#depthwise.push([channels.group, name]);
      this.#member(x, weight, 0, false);
    } else {
      if (groups > 1) return false;
      this.#member(x, weight, 1, false);
      this.#channels.set(name, { group: this.#newGroup(outputs), repeat: 1 });
      this.#member(name, weight, 0, true);
    }
    if (bias !== '') this.#member(name, bias, 0, false);
    return true;
  }

  #dense(node: Node): boolean {
    const [x = '', weight = '', bias = ''] = node.inputs;
    const tensor = this.#graph.initializers.get(weight);
    if (tensor?.shape.length !== 2 || intAttribute(node, 'transA', 0) === 1) return false;
    const [input, output] = intAttribute(node, 'transB', 0) === 1 ? [1, 0] : [0, 1];
    const name = node.outputs[0] ?? '';
    this.#member(x, weight, input, false);
    this.#channels.set(name, { group: this.#newGroup(tensor.shape[output] ?? 0), repeat: 1 });
    this.#member(name, weight, output, true);
    const biasShape = this.#graph.initializers.get(bias)?.shape;
    if (biasShape !== undefined) this.#member(name, bias, biasShape.length - 1, false);
    return bias === '' || biasShape !== undefined;
  }

  #elementwise(node: Node, left: string, right: string): boolean {
    const constants = [left, right].map((name) => this.#graph.initializers.get(name));
    const computed = [left, right].filter((_, index) => constants[index] === undefined);
    const constant = constants.find((tensor) => tensor !== undefined);
    const [first = '', other] = computed;
    if (other === undefined) {
      const name = constants[0] === undefined ? right : left;
      return this.#perChannel(first, name, constant) && this.#pass(node, first);
    }
    if (this.#channelAxis(left) !== this.#channelAxis(right)) return false;
    const [a, b] = [this.#channels.get(left), this.#channels.get(right)];
    if (a === undefined || a.repeat !== b?.repeat) return false;
    this.#unite(a.group, b.group);
    return this.#pass(node);
  }

  /** A constant that is one number for all, or one for each channel. */
  #perChannel(value: string, name: string, constant: Tensor | undefined): boolean {
    if (constant === undefined || constant.data.length === 1) return constant !== undefined;
    const axis = constant.shape.findIndex((size) => size !== 1);
    const fromEnd = constant.shape.length - axis;
    const isOnChannels = fromEnd === (this.#types.get(value)?.shape.length ?? 0) - 1;
    if (!isOnChannels || constant.shape.filter((size) => size !== 1).length !== 1) return false;
    this.#member(value, name, axis, false);
    return true;
  }

  /** [N,C,H,W] to [N,C·H·W]: each channel becomes a run of features. */
  #flatten(node: Node): boolean {
    const [x = '', target = ''] = node.inputs;
    const [name = ''] = node.outputs;
    const [from, to] = [x, name].map((value) => this.#types.get(value)?.shape ?? []);
    const channels = this.#channels.get(x);
    const perChannel = from
      ?.slice(2)
      .reduce<number>((size, dim) => size * (typeof dim === 'number' ? dim : NaN), 1);
    const wanted = this.#graph.initializers.get(target)?.data;
    // A target of [_, −1] adapts; one that spells out the features would have to change with them.
    const adapts = node.op === 'Flatten' ? intAttribute(node, 'axis', 1) === 1 : Number(wanted?.[1]) === -1;
    if (!adapts || to?.length !== 2 || channels === undefined || !Number.isInteger(perChannel)) return false;
    this.#channels.set(name, { group: channels.group, repeat: channels.repeat * (perChannel ?? 1) });
    return true;
  }

  /** Operators that leave channels alone as long as their axes do. */
  #spatial(node: Node): boolean {
    const [, ...parameters] = node.inputs;
    const numbers = (index: number): readonly number[] =>
      [...(this.#graph.initializers.get(parameters[index] ?? '')?.data ?? [])].map(Number);
    if (node.op === 'Pad') {
      const pads = intsAttribute(node, 'pads') ?? numbers(0);
      const rank = pads.length / 2;
      return rank > 1 && pads[1] === 0 && pads[rank + 1] === 0 && this.#pass(node);
    }
    const axes = node.op === 'ReduceMean' ? (intsAttribute(node, 'axes') ?? numbers(0)) : numbers(2);
    return axes.length > 0 && axes.every((axis) => axis >= 2) && this.#pass(node);
  }

  /** The output has the channels of a value. */
  #pass(node: Node, from = node.inputs[0] ?? ''): boolean {
    const channels = this.#channels.get(from);
    if (channels === undefined) return true;
    const [name = '', ...others] = node.outputs;
    this.#channels.set(name, channels);
    for (const other of others) this.#lock(other);
    return true;
  }

  #channelAxis(value: string): unknown {
    return this.#types.get(value)?.shape[1];
  }

  /** Notes that a constant holds the channels of a value. One of a value without a group stays whole. */
  #member(value: string, initializer: string, axis: number, computes: boolean): void {
    const channels = this.#channels.get(value);
    if (channels === undefined) return;
    const { group, repeat } = channels;
    const tensor = this.#graph.initializers.get(initializer);
    const length = tensor?.dataType === 'float32' ? tensor.shape[axis] : undefined;
    if (length === (this.#sizes[this.#root(group)] ?? 0) * repeat) {
      this.#members.push([group, { initializer, axis, repeat, computes }]);
    } else this.#locked.add(group);
  }

  /** A constant that two groups hold, or one group along two axes, is shared by layers: it stays. */
  #lockShared(): void {
    const owners = new Map<string, number>();
    for (const [group, { initializer, axis }] of this.#members) {
      const key = `${axis} ${initializer}`;
      const owner = owners.get(key);
      if (owner !== undefined) [owner, group].forEach((one) => this.#locked.add(one));
      owners.set(key, group);
    }
  }

  #lock(value: string): void {
    const channels = this.#channels.get(value);
    if (channels !== undefined) this.#locked.add(channels.group);
  }

  #isLocked(root: number): boolean {
    return [...this.#locked].some((group) => this.#root(group) === root);
  }

  #newGroup(size: number): number {
    this.#sizes.push(size);
    return this.#parents.push(this.#parents.length) - 1;
  }

  #root(group: number): number {
    const parent = this.#parents[group] ?? group;
    return parent === group ? group : this.#root(parent);
  }

  #unite(a: number, b: number): void {
    this.#parents[this.#root(b)] = this.#root(a);
  }
}
