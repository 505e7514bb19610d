import type { Attributes, Dim, Graph, Tensor } from '@unpair/graph';
import { GraphBuilder, ModelError, ints, sizeOf } from '@unpair/graph';

import { permuted } from './permuted.js';
import type { Order, Value } from './value.js';
import { CHANNELS_FIRST, CHANNELS_LAST } from './value.js';

/**
 * Builds the graph of a model whose images are [N,H,W,C], with convolutions over [N,C,H,W]. Every value knows in
 * which of the two orders it is held; operations take the order that suits them, and a value is transposed where two
 * of them meet that differ: at the model's ends, as a rule.
 */
export class ChannelsLastBuilder {
  readonly #builder: GraphBuilder;
  readonly #constants = new Map<string, Tensor<'float32'>>();
  readonly #transposed = new Map<string, string>();

  constructor(name: string) {
    this.#builder = new GraphBuilder(name);
  }

  input(name: string, shape: readonly Dim[]): Value {
    assertSize(`input "${name}"`, shape);
    return { name: this.#builder.input(name, 'float32', shape), shape, order: 'written' };
  }

  constant(hint: string, tensor: Tensor<'float32'>): Value {
    const name = this.#builder.initializer(hint, tensor);
    this.#constants.set(name, tensor);
    return { name, shape: tensor.shape, order: 'written' };
  }

  /** What a constant holds; undefined for any other value. */
  tensor({ name }: Value): Tensor<'float32'> | undefined {
    return this.#constants.get(name);
  }

  /** A tensor that only nodes read: weights in ONNX order, shapes, axes. Returns its name. */
  weight(hint: string, tensor: Tensor): string {
    return this.#builder.initializer(hint, tensor);
  }

  /** Adds a node whose result is a value of `shape`, which the graph holds in `order`. */
  node(
    op: string,
    inputs: readonly string[],
    { shape, order }: Pick<Value, 'shape' | 'order'>,
    attributes: Attributes = {},
  ): Value {
    assertSize(`the result of ${op}`, shape);
    return { name: this.#builder.node(op, inputs, attributes), shape, order };
  }

  /** Adds a node on one value that keeps shape and order. */
  unary(op: string, value: Value, attributes: Attributes = {}): Value {
    return this.node(op, [value.name], value, attributes);
  }

  /** Name of an image [N,H,W,C] as the graph has it as [N,C,H,W]. */
  channelsFirst(value: Value): string {
    return this.in('channels-first', value);
  }

  /** Name of a value as the graph has it in the file's order. */
  written(value: Value): string {
    return this.in('written', value);
  }

  /** Name of a value in the order that is asked for. */
  in(order: Order, value: Value): string {
    if (value.order === order) return value.name;
    // A name alone says too little: the same numbers may be seen as images in either order.
    const key = `${order} ${value.name}`;
    const known = this.#transposed.get(key);
    if (known !== undefined) return known;
    const axes = order === 'written' ? CHANNELS_LAST : CHANNELS_FIRST;
    const tensor = this.#constants.get(value.name);
    const name =
      tensor === undefined
        ? this.#builder.node('Transpose', [value.name], { perm: ints(axes) })
        : this.#builder.initializer(value.name, permuted(tensor, axes));
    this.#transposed.set(key, name);
    return name;
  }

  /** Declares outputs, in the file's order of axes, and ends the graph. @throws {ModelError} for a constant output. */
  build(outputs: readonly (readonly [name: string, value: Value])[]): Graph {
    for (const [name, value] of outputs) {
      if (this.#constants.has(value.name))
        throw new ModelError(`output "${name}" does not depend on the input`);
      this.#builder.output(this.#builder.rename(this.written(value), name), 'float32', value.shape);
    }
    return this.#builder.build();
  }
}

/** Elements of one sample's value: beyond what a machine holds, a file is wrong. */
const MOST_ELEMENTS = 2 ** 31;

function assertSize(place: string, shape: readonly Dim[]): void {
  const elements = sizeOf(shape.filter((dim) => typeof dim === 'number'));
  if (elements <= MOST_ELEMENTS) return;
  throw new ModelError(
    `${place} would have shape [${shape.join(', ')}], more than ${MOST_ELEMENTS} elements`,
  );
}
