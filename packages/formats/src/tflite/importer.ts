import type { Dim, Graph, Tensor, ValueType } from '@unpair/graph';
import { GraphBuilder, ModelError, inferShapes, ints } from '@unpair/graph';

import { constantTensor, describeTensor } from './constants.js';
import type { ImportedValues } from './imported-values.js';
import type { FileOperator, FileTensor, TfliteModel } from './model-file.js';
import { Operation } from './operation.js';
import type { Stepped } from './operation.js';
import { dequantize, isQuantized, quantizationOf, quantize, unsigned } from './quantization.js';
import { ruleFor } from './registry.js';

/** Name of the batch dimension of imported graphs. */
const BATCH = 'N';

/** Bytes of constants that a small file may bring forth, by resizing matrices for instance. */
const LEAST_CONSTANTS = 1 << 26;

/** Bytes of constants for each byte of the file: half precision is widened, filters are reordered. */
const CONSTANTS_PER_BYTE = 8;

/** A value of the file as the graph has it: real numbers. */
interface Value {
  readonly name: string;
  /** Whether its first dimension is the batch; what is computed from constants alone has none. */
  readonly isBatched: boolean;
  /** The integers that stand for the numbers, where the tensor is of 8 bits. */
  readonly integers?: string;
}

/** Writes one file as a graph: every value in the file's own layout, operator by operator. It lives as long as one call. */
export class Importer implements ImportedValues {
  readonly builder: GraphBuilder;
  readonly #file: TfliteModel;
  readonly #values = new Map<number, Value>();
  /** Constants under other indices: what a DEQUANTIZE makes of a constant is the constant. */
  readonly #aliases = new Map<number, number>();
  /** What was written of each constant, by index and order of its axes. */
  readonly #written = new Map<string, string>();
  /** Bytes of constants that may still be written: tensors of a hostile file may share one buffer. */
  #room: number;
  /** Size of the batch for which the file was made. */
  readonly #batch: number;

  constructor(file: TfliteModel) {
    this.#file = file;
    this.#room = LEAST_CONSTANTS + CONSTANTS_PER_BYTE * file.size;
    this.builder = new GraphBuilder(file.name);
    const sizes = new Set(file.inputs.map((index) => this.tensor(index).shape[0]));
    const [batch] = sizes;
    if (batch === undefined || sizes.size > 1) {
      throw new ModelError(
        `the inputs of a TFLite classifier have one batch size as their first dimension; this file has ${[...sizes].join(' and ') || 'no inputs'}`,
      );
    }
    this.#batch = batch;
  }

  run(): Graph {
    const names = new Set<string>();
    for (const index of this.#file.inputs) this.#input(index, names);
    for (const operator of this.#file.operators) this.#operator(operator);
    const { inputs, initializers, nodes } = this.builder.build();
    const taken = new Set([
      ...inputs.map(({ name }) => name),
      ...initializers.keys(),
      ...nodes.flatMap(({ outputs }) => outputs),
    ]);
    for (const index of this.#file.outputs) this.#output(index, taken);
    const graph = this.builder.build();
    this.#checkShapes(inferShapes(graph));
    return graph;
  }

  tensor(index: number): FileTensor {
    const tensor = this.#file.tensors[this.#aliases.get(index) ?? index];
    if (tensor === undefined) throw new RangeError(`the file has no tensor ${index}`);
    return tensor;
  }

  isConstant(index: number): boolean {
    return !this.#values.has(index) && this.tensor(index).data !== undefined;
  }

  isBatched(index: number): boolean {
    return this.#values.get(index)?.isBatched ?? false;
  }

  real(index: number, permutation?: readonly number[]): string {
    const value = this.#values.get(index);
    if (value !== undefined) return this.transpose(value.name, permutation);
    const tensor = this.tensor(index);
    if (tensor.data === undefined)
      throw new ModelError(`${describeTensor(tensor)} is read before it is computed`);
    const key = `${this.#aliases.get(index) ?? index}:${permutation?.join() ?? ''}`;
    const written = this.#written.get(key) ?? this.#constant(tensor, permutation);
    this.#written.set(key, written);
    return written;
  }

  scaled(index: number, scale: number): string {
    const [tensor, integers] = [this.tensor(index), this.#values.get(index)?.integers];
    if (!isQuantized(tensor)) throw new ModelError(`${describeTensor(tensor)} is not of 8 bits`);
    const units = { ...quantizationOf(tensor), scales: [scale] };
    if (integers !== undefined)
      return dequantize(this.builder, integers, 'uint8', unsigned(tensor.type, units));
    // Each reader has a constant of its own: onnxruntime cannot load one that is read with two scales.
    return dequantize(this.builder, this.constant(constantTensor(tensor)), tensor.type, units);
  }

  constant(tensor: Tensor): string {
    this.#room -= tensor.data.byteLength;
    if (this.#room < 0) throw new ModelError('the TFLite file needs far more constants than it holds');
    return this.builder.initializer('constant', tensor);
  }

  transpose(value: string, permutation?: readonly number[]): string {
    return permutation === undefined
      ? value
      : this.builder.node('Transpose', [value], { perm: ints(permutation) });
  }

  /** The file's shape of a value, with an open batch. */
  shape(index: number): readonly Dim[] {
    const { shape } = this.tensor(index);
    return this.isBatched(index) ? [BATCH, ...shape.slice(1)] : shape;
  }

  #constant(tensor: FileTensor, permutation?: readonly number[]): string {
    const name = this.transpose(this.constant(constantTensor(tensor)), permutation);
    if (!isQuantized(tensor)) return name;
    const given = quantizationOf(tensor);
    return dequantize(this.builder, name, tensor.type, {
      ...given,
      axis: permutation === undefined ? given.axis : permutation.indexOf(given.axis),
    });
  }

  #input(index: number, taken: Set<string>): void {
    const tensor = this.tensor(index);
    if (tensor.type !== 'float32' && !isQuantized(tensor)) {
      throw new ModelError(`input ${describeTensor(tensor)} must be float32, uint8 or int8`);
    }
    if (tensor.signature.slice(1).includes(-1)) {
      throw new ModelError(`input ${describeTensor(tensor)} is of open size, only the batch may be open`);
    }
    if (this.#values.has(index) || tensor.data !== undefined) {
      throw new ModelError(`input ${describeTensor(tensor)} is a constant, or listed twice`);
    }
    const name = unusedName(tensor.name || 'input', taken);
    const fed = this.builder.input(name, 'float32', [BATCH, ...tensor.shape.slice(1)]);
    this.#values.set(index, this.#held(fed, tensor, true));
  }

  #operator(operator: FileOperator): void {
    const { op, inputs, outputs } = operator;
    const [input = -1, output = -1] = [inputs[0], outputs[0]];
    if (op === 'DEQUANTIZE' && input >= 0 && output >= 0 && this.isConstant(input)) {
      this.#aliases.set(output, this.#aliases.get(input) ?? input);
      return;
    }
    // Exporters compute the target of a RESHAPE at run time; the file says what comes out of it.
    if (outputs.length > 0 && outputs.every((index) => isIndex(this.tensor(index)))) return;
    const operation = new Operation(this, operator);
    const rule = ruleFor(op);
    if (rule === undefined) throw operation.refuse('is not supported');
    const results = [rule(operation)].flat();
    if (results.length !== outputs.length)
      throw operation.refuse(`has ${outputs.length} outputs, not ${results.length}`);
    const isBatched = inputs.some((index) => index >= 0 && this.isBatched(index));
    outputs.forEach((index, i) => {
      const [result = '', tensor] = [results[i], this.tensor(index)];
      if (this.#values.has(index) || tensor.data !== undefined) {
        throw operation.refuse(`computes ${describeTensor(tensor)} a second time`);
      }
      if (isBatched && tensor.shape[0] !== this.#batch) {
        throw operation.refuse(`moves the batch out of the first dimension of ${describeTensor(tensor)}`);
      }
      this.#values.set(index, this.#held(result, tensor, isBatched));
    });
  }

  #output(index: number, taken: Set<string>): void {
    const tensor = this.tensor(index);
    const value = this.#values.get(index);
    if (value?.isBatched !== true) {
      throw new ModelError(
        `output ${describeTensor(tensor)} of the TFLite file does not depend on its inputs as real numbers`,
      );
    }
    const name = unusedName(tensor.name || 'output', taken);
    this.builder.output(this.builder.rename(value.name, name), 'float32', this.shape(index));
  }

  /** What a tensor holds of a computed value: the nearest of its steps where it is of 8 bits, else the value. */
  #held(value: string | Stepped, tensor: FileTensor, isBatched: boolean): Value {
    const { name, step } = typeof value === 'string' ? { name: value, step: undefined } : value;
    if (!isQuantized(tensor)) return { name, isBatched };
    const quantization = quantizationOf(tensor);
    const [scale = 1, ...others] = quantization.scales;
    if (others.length > 0) {
      throw new ModelError(
        `computed ${describeTensor(tensor)} has ${others.length + 1} scales, allowed is one`,
      );
    }
    const held = unsigned(tensor.type, quantization);
    const integers = quantize(this.builder, name, 'uint8', { ...held, scales: [step ?? scale] });
    return { name: dequantize(this.builder, integers, 'uint8', held), integers, isBatched };
  }

  /** Holds the shapes that the file declares against what its operators give. */
  #checkShapes(types: ReadonlyMap<string, ValueType>): void {
    for (const [index, { name }] of this.#values) {
      const [declared, actual] = [this.shape(index), types.get(name)?.shape ?? []];
      if (declared.join() !== actual.join()) {
        throw new ModelError(
          `${describeTensor(this.tensor(index))} of the TFLite file does not fit its operator, which gives [${actual.join(', ')}]`,
        );
      }
    }
  }
}

/** A name in the file, with a number behind it where it is taken. */
function unusedName(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let i = 1; taken.has(name); i++) name = `${wanted}_${i}`;
  taken.add(name);
  return name;
}

/** Integers that count: sizes and indices, as opposed to quantized numbers. */
function isIndex({ type }: FileTensor): boolean {
  return type === 'int32' || type === 'int64';
}
