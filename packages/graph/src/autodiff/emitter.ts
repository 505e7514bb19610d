import type { GraphBuilder } from '../builder.js';
import type { Attributes, Dim, Node, ValueType } from '../graph.js';
import { codeOfDataType } from '../data-types.js';
import { float, int, ints } from '../graph.js';
import type { DataType, Tensor } from '../tensor.js';
import { float32 } from '../tensor.js';
import { DerivativeError } from './derivative-error.js';

/** What is known of the graph that is being differentiated. */
export interface Primal {
  readonly types: ReadonlyMap<string, ValueType>;
  /** Elements of short integer values, also of computed ones where they follow from constants and shapes. */
  readonly contents: ReadonlyMap<string, readonly Dim[]>;
  /** Initializers and `Constant` nodes by value name. */
  readonly constants: ReadonlyMap<string, Tensor>;
  /** The node behind each computed value. */
  readonly producers: ReadonlyMap<string, Node>;
}

/** The slope from which on a HardSigmoid is a step: only denormal numbers are in between. */
export const STEP_SLOPE = 3e38;

const UNKNOWN: Primal = {
  types: new Map(),
  contents: new Map(),
  constants: new Map(),
  producers: new Map(),
};

/**
 * Writes the nodes of a derivative. A thin layer over the builder that knows the types of the primal values,
 * hides what differs between operator sets, and shares constants.
 */
export class Emitter {
  readonly #builder: GraphBuilder;
  readonly #primal: Primal;
  readonly #shared: Map<string, string>;
  /** Element type of the adjoints being written. */
  readonly dataType: DataType;

  constructor(
    builder: GraphBuilder,
    primal: Primal = UNKNOWN,
    dataType: DataType = 'float32',
    shared = new Map<string, string>(),
  ) {
    this.#builder = builder;
    this.#primal = primal;
    this.#shared = shared;
    this.dataType = dataType;
  }

  /** The same emitter for adjoints of another element type. */
  withDataType(dataType: DataType): Emitter {
    return new Emitter(this.#builder, this.#primal, dataType, this.#shared);
  }

  /** Version of the default operator set that nodes must be written for. */
  get opset(): number {
    return this.#builder.opset;
  }

  /** @throws {DerivativeError} when shape inference could not type the value. */
  typeOf(value: string): ValueType {
    const type = this.#primal.types.get(value);
    if (type === undefined) {
      throw new DerivativeError(`value "${value}" cannot be differentiated because its shape is unknown`);
    }
    return type;
  }

  shapeOf(value: string): readonly Dim[] {
    return this.typeOf(value).shape;
  }

  /** The value of an initializer or `Constant` node; undefined for anything computed. */
  constantOf(value: string): Tensor | undefined {
    return this.#primal.constants.get(value);
  }

  /** The node that computes a value; undefined for inputs and constants. */
  producerOf(value: string): Node | undefined {
    return this.#primal.producers.get(value);
  }

  /** The elements of axes, pads, scales; undefined where they are known only at run time. */
  numbersOf(value: string): readonly number[] | undefined {
    const contents = this.#primal.contents.get(value);
    if (contents?.every((element) => typeof element === 'number') === true) return contents;
    const tensor = this.constantOf(value);
    return tensor === undefined ? undefined : Array.from(tensor.data, Number);
  }

  op(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.#builder.node(op, inputs, attributes);
  }

  /** A node with several outputs. */
  ops(op: string, inputs: readonly string[], count: number): readonly string[] {
    return this.#builder.nodeWithOutputs(op, inputs, count);
  }

  add(a: string, b: string): string {
    return this.op('Add', [a, b]);
  }

  sub(a: string, b: string): string {
    return this.op('Sub', [a, b]);
  }

  mul(a: string, b: string): string {
    return this.op('Mul', [a, b]);
  }

  div(a: string, b: string): string {
    return this.op('Div', [a, b]);
  }

  neg(a: string): string {
    return this.op('Neg', [a]);
  }

  /** A constant tensor under a fresh name. */
  constant(tensor: Tensor): string {
    return this.#builder.initializer('constant', tensor);
  }

  /** A scalar of the adjoints' element type. */
  scalar(value: number): string {
    return this.#once(`${this.dataType} ${value}`, () =>
      this.constant(
        this.dataType === 'float64'
          ? { dataType: 'float64', shape: [], data: Float64Array.of(value) }
          : float32([], [value]),
      ),
    );
  }

  /** A one-dimensional int64 constant. */
  vector(values: readonly number[]): string {
    return this.#once(`int64 ${values.join(' ')}`, () => this.#builder.vector(values));
  }

  /** `value` times a plain number; nothing is written for a factor of one. */
  scale(value: string, factor: number): string {
    return factor === 1 ? value : this.mul(value, this.scalar(factor));
  }

  /** `value` where `mask` holds, zero elsewhere. */
  keepWhere(mask: string, value: string): string {
    return this.op('Where', [mask, value, this.scalar(0)]);
  }

  /**
   * 1 where a value that is not negative is positive, 0 where it is 0. A product with it is cheaper on onnxruntime
   * than a comparison and a selection.
   */
  step(value: string): string {
    if (this.dataType !== 'float32') {
      const to = int(codeOfDataType(this.dataType));
      return this.op('Cast', [this.op('Greater', [value, this.scalar(0)])], { to });
    }
    return this.op('HardSigmoid', [value], { alpha: float(STEP_SLOPE), beta: float(0) });
  }

  transpose(value: string, permutation: readonly number[]): string {
    const unchanged = permutation.every((axis, index) => axis === index);
    return unchanged ? value : this.op('Transpose', [value], { perm: ints(permutation) });
  }

  /** Reshapes to `shape`, in which 0 keeps a dimension and -1 takes what is left, as ONNX writes it. */
  reshape(value: string, shape: readonly number[]): string {
    return this.op('Reshape', [value, this.vector(shape)]);
  }

  /** Gives `value` the shape of a primal value with as many elements. */
  reshapeLike(value: string, primal: string): string {
    const shape = this.shapeOf(primal);
    const unknown = shape.filter((dim) => typeof dim === 'string').length;
    if (unknown > 1) return this.op('Reshape', [value, this.op('Shape', [primal])]);
    return this.reshape(
      value,
      shape.map((dim) => (typeof dim === 'string' ? -1 : dim)),
    );
  }

  /** Inserts axes of size one, so that they stand at `axes` of the result. */
  unsqueeze(value: string, axes: readonly number[]): string {
    return this.opset >= 13
      ? this.op('Unsqueeze', [value, this.vector(axes)])
      : this.op('Unsqueeze', [value], { axes: ints(axes) });
  }

  /** Broadcasts `value`, of shape `from`, to the shape of a primal value. */
  expandLike(value: string, from: readonly Dim[], primal: string): string {
    const to = this.shapeOf(primal);
    const padded = [...Array.from({ length: to.length - from.length }, (): Dim => 1), ...from];
    if (to.every((dim, axis) => dim === padded[axis]) && from.length === to.length) return value;
    // Expand broadcasts both ways, so a dimension that already fits may be written as 1.
    const target = to.map((dim, axis) => (dim === padded[axis] ? 1 : dim));
    const known = target.filter((dim) => typeof dim === 'number');
    const shape = known.length === target.length ? this.vector(known) : this.op('Shape', [primal]);
    return this.op('Expand', [value, shape]);
  }

  /** Sums over `axes` (none given: nothing to do). */
  reduceSum(value: string, axes: readonly number[], keepDims: boolean): string {
    return axes.length === 0 ? value : this.#reduce('ReduceSum', value, axes, keepDims, 13);
  }

  /** Sum of squares over `axes`, which are not empty. */
  reduceSumSquare(value: string, axes: readonly number[], keepDims: boolean): string {
    return this.#reduce('ReduceSumSquare', value, axes, keepDims, 18);
  }

  /** Mean over `axes`, which are not empty. */
  reduceMean(value: string, axes: readonly number[], keepDims: boolean): string {
    return this.#reduce('ReduceMean', value, axes, keepDims, 18);
  }

  /** Largest elements over `axes`, which are not empty. */
  reduceMax(value: string, axes: readonly number[], keepDims: boolean): string {
    return this.#reduce('ReduceMax', value, axes, keepDims, 18);
  }

  /** Sums `value`, of shape `from`, over the axes along which a value of shape `to` was broadcast to it. */
  reduceToShape(value: string, from: readonly Dim[], to: readonly Dim[]): string {
    const extra = from.length - to.length;
    const leading = Array.from({ length: extra }, (_, axis) => axis);
    const stretched = to.flatMap((dim, axis) => (dim === 1 && from[axis + extra] !== 1 ? [axis] : []));
    const known = to.filter((dim) => typeof dim === 'number');
    if (extra > 0 && stretched.length > 0 && known.length === to.length) {
      // One sum over all axes takes one pass.
      const axes = [...leading, ...stretched.map((axis) => axis + extra)];
      return this.reshape(this.reduceSum(value, axes, true), known);
    }
    return this.reduceSum(this.reduceSum(value, leading, false), stretched, true);
  }

  /** Axes moved from an attribute to an input in operator set `inputSince`. */
  #reduce(op: string, value: string, axes: readonly number[], keepDims: boolean, inputSince: number): string {
    const keepdims = int(keepDims ? 1 : 0);
    return this.opset >= inputSince
      ? this.op(op, [value, this.vector(axes)], { keepdims })
      : this.op(op, [value], { axes: ints(axes), keepdims });
  }

  #once(key: string, make: () => string): string {
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#shared.set(key, made);
    return made;
  }
}
