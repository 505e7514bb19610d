import type { Graph, Node } from '../graph.js';
import { int } from '../graph.js';
import type { Tensor } from '../tensor.js';
import { float32 } from '../tensor.js';
import { freshNames } from '../transforms/fresh-names.js';
import { pruneDeadNodes } from '../transforms/prune-dead-nodes.js';
import type { ActivationScale } from './affine.js';
import { quantizeBias, scalesHoldingBias } from './affine.js';
import { weightAxis } from './plan.js';
import type { Quantization } from './quantization.js';
import type { WeightScale } from './weights.js';
import { roundWeights } from './weights.js';

interface RoundedBias {
  readonly values: Tensor<'int32'>;
  readonly scale: Pick<WeightScale, 'axis' | 'scales' | 'zeroPoint'>;
  readonly weightScale: WeightScale;
}

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
    const { graph, activations, weights } = this.#quantization;
    const [inputName = '', weightName = '', biasName = ''] = node.inputs;
    const weight = graph.initializers.get(weightName);
    const [chosen, input] = [weights.get(weightName), activations.get(inputName)];
    if (!this.#integerWeights || weight?.dataType !== 'float32' || weightAxis(node) === undefined)
      return inputs;
    if (chosen === undefined) return inputs;
    const bias = input === undefined ? undefined : this.#roundedBias(biasName, chosen, input);
    const scale = bias?.weightScale ?? chosen;
    inputs[1] = this.#dequantized(`${weightName}_int8`, roundWeights(weight, scale), scale);
    if (bias !== undefined) inputs[2] = this.#dequantized(`${biasName}_int32`, bias.values, bias.scale);
    return inputs;
  }

  /** A bias as integers, and the scale of the weights that leaves room for them; undefined where it stays float. */
  #roundedBias(name: string, chosen: WeightScale, input: ActivationScale): RoundedBias | undefined {
    const { graph, floatBiases } = this.#quantization;
    const bias = floatBiases?.has(name) ? undefined : graph.initializers.get(name);
    if (bias?.dataType !== 'float32') return undefined;
    if (chosen.axis !== null && bias.data.length !== chosen.scales.length) return undefined;
    const weightScale = { ...chosen, scales: scalesHoldingBias(bias, input.scale, chosen.scales) };
    const { values, scales } = quantizeBias(bias, input.scale, weightScale.scales);
    const axis = chosen.axis === null ? null : bias.shape.length - 1;
    return { values, scale: { axis, scales, zeroPoint: 0 }, weightScale };
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
