import type { Attributes, Tensor } from '@unpair/graph';
import { ModelError } from '@unpair/graph';

import { constantTensor, describeTensor } from './constants.js';
import type { ImportedValues } from './imported-values.js';
import type { FileOperator, FileTensor, Quantization } from './model-file.js';
import { dequantize } from './quantization.js';

/** Order of axes from the file's [N,H,W,C] to the graph's [N,C,H,W], and back. */
const TO_CHANNELS_FIRST = [0, 3, 1, 2] as const;
const TO_CHANNELS_LAST = [0, 2, 3, 1] as const;

/**
 * One operator of the file while it is written as nodes. Values that rules handle are real numbers in the file's own
 * layout; the importer rounds what a rule returns to the output's integers, where that is 8-bit.
 */
export class Operation {
  readonly op: string;
  /** How many inputs the file lists, absent ones included. */
  readonly inputCount: number;
  readonly outputCount: number;
  readonly #values: ImportedValues;
  readonly #operator: FileOperator;

  constructor(values: ImportedValues, operator: FileOperator) {
    this.op = operator.op;
    this.inputCount = operator.inputs.length;
    this.outputCount = operator.outputs.length;
    this.#values = values;
    this.#operator = operator;
  }

  /** The error of an operator that cannot be imported. */
  refuse(complaint: string): ModelError {
    const [output] = this.#operator.outputs;
    const name = output === undefined ? '' : this.#values.tensor(output).name;
    return new ModelError(`TFLite operator ${this.op} of tensor "${name}" ${complaint}`);
  }

  /** Adds a node with one output; returns the output. */
  emit(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.#values.builder.node(op, inputs, attributes);
  }

  emitMany(op: string, inputs: readonly string[], count: number, attributes: Attributes): readonly string[] {
    return this.#values.builder.nodeWithOutputs(op, inputs, count, attributes);
  }

  scalar(value: number): string {
    return this.#values.builder.scalar(value);
  }

  constant(tensor: Tensor): string {
    return this.#values.constant(tensor);
  }

  vector(values: readonly number[]): string {
    return this.#values.builder.vector(values);
  }

  has(input: number): boolean {
    return (this.#operator.inputs[input] ?? -1) >= 0;
  }

  /** Input `i`. @param permutation the order in which its axes are wanted; the file's if absent. */
  input(i: number, permutation?: readonly number[]): string {
    return this.#values.real(this.#index(i), permutation);
  }

  /** Input `i` as [N,C,H,W]. */
  image(i: number): string {
    this.requireRank(i, 4);
    return this.input(i, TO_CHANNELS_FIRST);
  }

  /** [N,C,H,W] in the layout of the file. */
  channelsLast(image: string): string {
    return this.#values.transpose(image, TO_CHANNELS_LAST);
  }

  transpose(value: string, permutation: readonly number[]): string {
    return this.#values.transpose(value, permutation);
  }

  shape(i: number): readonly number[] {
    return this.#tensor(i).shape;
  }

  outputShape(i = 0): readonly number[] {
    return this.#output(i).shape;
  }

  outputType(): string {
    return this.#output(0).type;
  }

  /** Scale and zero point of an 8-bit input; `undefined` for other types. */
  quantization(i: number): { readonly scale: number; readonly zeroPoint: number } | undefined {
    const { type, quantization } = this.#tensor(i);
    if (quantization === undefined || (type !== 'int8' && type !== 'uint8')) return undefined;
    return { scale: quantization.scales[0] ?? 1, zeroPoint: quantization.zeroPoints[0] ?? 0 };
  }

  /** The one scale of an 8-bit input or output; `undefined` for other types and several scales. */
  scale(tensor: { readonly input: number } | { readonly output: number }): number | undefined {
    const { type, quantization } =
      'input' in tensor ? this.#tensor(tensor.input) : this.#output(tensor.output);
    if (type !== 'int8' && type !== 'uint8') return undefined;
    return quantization?.scales.length === 1 ? quantization.scales[0] : undefined;
  }

  /** Integers of an 8-bit input less its zero point, times another scale than its own. */
  scaled(i: number, scale: number): string {
    return this.#values.scaled(this.#index(i), scale);
  }

  requireRank(i: number, rank: number): void {
    if (this.shape(i).length !== rank) {
      throw this.refuse(`needs ${rank} dimensions, its input ${i} is [${this.shape(i).join(', ')}]`);
    }
  }

  isBatched(i: number): boolean {
    return this.#values.isBatched(this.#index(i));
  }

  isConstant(i: number): boolean {
    return this.has(i) && this.#values.isConstant(this.#index(i));
  }

  /** Elements of a constant of integers: axes, sizes, paddings. */
  integers(i: number, what: string): readonly number[] {
    const tensor = this.#tensor(i);
    if (!this.isConstant(i) || (tensor.type !== 'int32' && tensor.type !== 'int64')) {
      throw this.refuse(`takes its ${what} from ${describeTensor(tensor)}, which is no integer constant`);
    }
    return Array.from(constantTensor(tensor).data, Number);
  }

  /** An axis of input `i` counted from the front, other than the batch. */
  axis(axis: number, rank: number, batched: boolean): number {
    const resolved = axis < 0 ? axis + rank : axis;
    if (!Number.isInteger(resolved) || resolved < 0 || resolved >= rank) {
      throw this.refuse(`has axis ${axis}, but there are ${rank} dimensions`);
    }
    if (batched && resolved === 0) throw this.refuse('acts along the batch, which is not supported');
    return resolved;
  }

  /** A bias in units of input scale times weight scale, as integer kernels add it, or of real numbers. */
  bias(i: number, input: number, weights: number): string {
    const index = this.#index(i);
    const [tensor, inputTensor, weightTensor] = [this.#tensor(i), this.#tensor(input), this.#tensor(weights)];
    if (tensor.type !== 'int32') return this.input(i);
    const [inputScale] = inputTensor.quantization?.scales ?? [];
    const scales = weightTensor.quantization?.scales;
    if (inputScale === undefined || scales === undefined || !this.#values.isConstant(index)) {
      throw this.refuse(`has the integer bias ${describeTensor(tensor)} without integer inputs and weights`);
    }
    const units: Quantization = {
      scales: scales.map((scale) => scale * inputScale),
      zeroPoints: scales.map(() => 0),
      axis: 0,
    };
    const integers = this.#values.constant(constantTensor(tensor));
    return dequantize(this.#values.builder, integers, 'int32', units);
  }

  int(field: number, fallback = 0): number {
    return this.#operator.options?.int32(field, fallback) ?? fallback;
  }

  /** An enumeration of the schema. */
  choice(field: number): number {
    return this.#operator.options?.int8(field) ?? 0;
  }

  flag(field: number): boolean {
    return this.#operator.options?.bool(field) ?? false;
  }

  float(field: number, fallback = 0): number {
    return this.#operator.options?.float32(field, fallback) ?? fallback;
  }

  ints(field: number): readonly number[] {
    return this.#operator.options?.ints(field, `the options of ${this.op}`) ?? [];
  }

  #index(i: number): number {
    const index = this.#operator.inputs[i] ?? -1;
    if (index < 0) throw this.refuse(`lacks its input ${i}`);
    return index;
  }

  #output(i: number): FileTensor {
    const index = this.#operator.outputs[i];
    if (index === undefined) throw this.refuse(`lacks its output ${i}`);
    return this.#values.tensor(index);
  }

  #tensor(i: number): FileTensor {
    return this.#values.tensor(this.#index(i));
  }
}

/** A result in other units than real numbers: what an operator's kernel rounds to the steps of its 8-bit output. */
export interface Stepped {
  readonly name: string;
  /** One step of the output, in these units. */
  readonly step: number;
}

/** How an operator of the file is written as nodes: its outputs, as real numbers where nothing else is said. */
export type Rule = (operation: Operation) => string | Stepped | readonly string[];
export type Rules = Readonly<Record<string, Rule>>;
