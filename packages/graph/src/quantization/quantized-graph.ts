import type { Graph, Node } from '../graph.js';
import { int } from '../graph.js';
import type { Tensor } from '../tensor.js';
import { float32 } from '../tensor.js';
import { freshNames } from '../transforms/fresh-names.js';
import { pruneDeadNodes } from '../transforms/prune-dead-nodes.js';
import type { ActivationScale } from './affine.js';
import { quantizeBias } from './affine.js';
import { weightAxis } from './plan.js';
import type { Quantization } from './quantize.js';
import type { WeightScale } from './weights.js';
import { roundWeights } from './weights.js';

/** Writes a quantization into its graph; it lives as long as one call. */
export class QuantizedGraph {
  readonly #quantization: Quantization;
  readonly #integerWeights: boolean;
  readonly #fresh: (hint: string) => string;
  readonly #initializers: Map<string, Tensor>;
  readonly #nodes: Node[] = [];
  /** The dequantized stand-in of each rounded value. */
  readonly #rounded = new Map<string, string>();

  constructor(quantization: Quantization, integerWeights: boolean) {
    this.#quantization = quantization;
    this.#integerWeights = integerWeights;
    this.#fresh = freshNames(quantization.graph);
    this.#initializers = new Map(quantization.graph.initializers);
  }

  build(): Graph {
    const { graph } = this.#quantization;
    for (const { name } of graph.inputs) this.#round(name);
    for (const node of graph.nodes) {
      this.#nodes.push({ ...node, inputs: this.#inputsOf(node) });
      for (const name of node.outputs) this.#round(name);
    }
    return pruneDeadNodes({ ...graph, nodes: this.#nodes, initializers: this.#initializers });
  }

  /** Puts QuantizeLinear and DequantizeLinear behind a value that the plan rounds. */
  #round(name: string): void {
    const scale = this.#quantization.activations.get(name);
    if (scale === undefined) return;
    const parameters = [
      this.#constant(`${name}_scale`, float32([], [scale.scale])),
      this.#constant(`${name}_zero`, zeroPoints(scale.dataType, [], scale.zeroPoint)),
    ];
    const inputs = [this.#clipped(name, scale), ...parameters];
    const quantized = this.#node('QuantizeLinear', inputs, `${name}_${scale.dataType}`);
    this.#rounded.set(name, this.#node('DequantizeLinear', [quantized, ...parameters], `${name}_rounded`));
  }

  /** QuantizeLinear saturates at 8 bits; a narrower range has to be clipped before. */
  #clipped(name: string, { low, high }: ActivationScale): string {
    if (this.#quantization.activationBits === 8) return name;
    const bounds = [low, high].map((bound) => this.#constant(`${name}_bound`, float32([], [bound])));
    return this.#node('Clip', [name, ...bounds], `${name}_clipped`);
  }

  #inputsOf(node: Node): readonly string[] {
    const inputs = node.inputs.map((name) => this.#rounded.get(name) ?? name);
    const { graph, activations, weights, floatBiases } = this.#quantization;
    const [inputName = '', weightName = '', biasName = ''] = node.inputs;
    const weight = graph.initializers.get(weightName);
    const [scale, input] = [weights.get(weightName), activations.get(inputName)];
    if (!this.#integerWeights || weight?.dataType !== 'float32' || weightAxis(node) === undefined)
      return inputs;
    if (scale === undefined) return inputs;
    inputs[1] = this.#dequantized(`${weightName}_int8`, roundWeights(weight, scale), scale);
    const bias = floatBiases?.has(biasName) ? undefined : graph.initializers.get(biasName);
    if (bias?.dataType !== 'float32' || input === undefined) return inputs;
    if (scale.axis === null || bias.data.length === scale.scales.length) {
      const { values, scales } = quantizeBias(bias, input.scale, scale.scales);
      const axis = scale.axis === null ? null : bias.shape.length - 1;
      inputs[2] = this.#dequantized(`${biasName}_int32`, values, { axis, scales, zeroPoint: 0 });
    }
    return inputs;
  }

  /** The dequantized stand-in of a constant of integers. */
  #dequantized(
    hint: string,
    values: Tensor<'int8'> | Tensor<'int32'>,
    { axis, scales, zeroPoint }: Pick<WeightScale, 'axis' | 'scales' | 'zeroPoint'>,
  ): string {
    const shape = axis === null ? [] : [scales.length];
    const inputs = [
      this.#constant(hint, values),
      this.#constant(`${hint}_scale`, float32(shape, Float32Array.from(scales))),
      this.#constant(`${hint}_zero`, zeroPoints(values.dataType, shape, zeroPoint)),
    ];
    const output = this.#fresh(`${hint}_float`);
    this.#push('DequantizeLinear', inputs, output, axis === null ? {} : { axis: int(axis) });
    return output;
  }

  #constant(hint: string, tensor: Tensor): string {
    const name = this.#fresh(hint);
    this.#initializers.set(name, tensor);
    return name;
  }

  #node(op: string, inputs: readonly string[], hint: string): string {
    const output = this.#fresh(hint);
    this.#push(op, inputs, output, {});
    return output;
  }

  #push(op: string, inputs: readonly string[], output: string, attributes: Node['attributes']): void {
    this.#nodes.push({ op, domain: '', name: output, inputs, outputs: [output], attributes });
  }
}

function zeroPoints(
  dataType: 'uint8' | 'int8' | 'int32',
  shape: readonly number[],
  zeroPoint: number,
): Tensor {
  const length = shape[0] ?? 1;
  switch (dataType) {
    case 'uint8':
      return { dataType, shape, data: new Uint8Array(length).fill(zeroPoint) };
    case 'int8':
      return { dataType, shape, data: new Int8Array(length).fill(zeroPoint) };
    case 'int32':
      return { dataType, shape, data: new Int32Array(length).fill(zeroPoint) };
  }
}
