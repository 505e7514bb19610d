import { floatAttribute, intAttribute } from '../attributes.js';
import type { Graph, Node } from '../graph.js';
import { ModelError, int } from '../graph.js';
import type { Tensor } from '../tensor.js';
import { float32 } from '../tensor.js';
import { freshNames } from '../transforms/fresh-names.js';
import { pruneDeadNodes } from '../transforms/prune-dead-nodes.js';
import type { ActivationScale, QuantizedWeights, ValueRange } from './affine.js';
import { activationScale, quantizeBias, quantizeWeights } from './affine.js';
import { planQuantization } from './plan.js';

export interface QuantizeOptions {
  /** Bits of a weight, 2 to 8. Default 8. */
  readonly weightBits?: number;
  /** Bits of an activation, 2 to 8. Default 8; fewer are clipped before they are rounded. */
  readonly activationBits?: number;
}

/**
 * Quantizes a model after training: int8 weights with a scale for each output channel, uint8 activations in the
 * observed ranges, int32 biases. The result is an ordinary ONNX graph in which QuantizeLinear and DequantizeLinear
 * surround the float operators (QDQ): runtimes with integer kernels fuse them, all others compute the same numbers
 * in floats.
 * @param ranges what calibration saw of each of `calibrationValues(graph)`.
 * @throws {ModelError} when a range is missing or no range, or an option is out of bounds.
 */
export function quantize(
  original: Graph,
  ranges: ReadonlyMap<string, ValueRange>,
  { weightBits = 8, activationBits = 8 }: QuantizeOptions = {},
): Graph {
  checkBits('weightBits', weightBits);
  checkBits('activationBits', activationBits);
  const { graph, observed, inherited } = planQuantization(original);
  const scales = new Map<string, ActivationScale>();
  for (const name of observed) scales.set(name, activationScale(rangeOf(name, ranges), activationBits));
  for (const [name, source] of inherited) {
    const scale = scales.get(source);
    if (scale !== undefined) scales.set(name, scale);
  }
  return new Quantizer(graph, scales, weightBits, activationBits).run();
}

/** Names of the values whose ranges {@link quantize} needs. */
export function calibrationValues(graph: Graph): readonly string[] {
  return planQuantization(graph).observed;
}

function checkBits(option: string, bits: number): void {
  if (!Number.isInteger(bits) || bits < 2 || bits > 8) {
    throw new ModelError(`${option} is ${bits}, allowed are whole numbers from 2 to 8`);
  }
}

function rangeOf(name: string, ranges: ReadonlyMap<string, ValueRange>): ValueRange {
  const range = ranges.get(name);
  if (range === undefined) throw new ModelError(`calibration saw nothing of value "${name}"`);
  if (Number.isFinite(range.min) && Number.isFinite(range.max) && range.min <= range.max) return range;
  throw new ModelError(`calibration saw value "${name}" range from ${range.min} to ${range.max}`);
}

/** Rewrites one graph; it lives as long as one call. */
class Quantizer {
  readonly #graph: Graph;
  readonly #scales: ReadonlyMap<string, ActivationScale>;
  readonly #weightBits: number;
  readonly #activationBits: number;
  readonly #fresh: (hint: string) => string;
  readonly #initializers: Map<string, Tensor>;
  readonly #nodes: Node[] = [];
  /** The dequantized stand-in of each rounded value. */
  readonly #rounded = new Map<string, string>();

  constructor(
    graph: Graph,
    scales: ReadonlyMap<string, ActivationScale>,
    weightBits: number,
    activationBits: number,
  ) {
    this.#graph = graph;
    this.#scales = scales;
    this.#weightBits = weightBits;
    this.#activationBits = activationBits;
    this.#fresh = freshNames(graph);
    this.#initializers = new Map(graph.initializers);
  }

  run(): Graph {
    for (const { name } of this.#graph.inputs) this.#round(name);
    for (const node of this.#graph.nodes) {
      this.#nodes.push({ ...node, inputs: this.#inputsOf(node) });
      for (const name of node.outputs) this.#round(name);
    }
    return pruneDeadNodes({ ...this.#graph, nodes: this.#nodes, initializers: this.#initializers });
  }

  /** Puts QuantizeLinear and DequantizeLinear behind a value that the plan rounds. */
  #round(name: string): void {
    const scale = this.#scales.get(name);
    if (scale === undefined) return;
    const parameters = [
      this.#constant(`${name}_scale`, float32([], [scale.scale])),
      this.#constant(`${name}_zero`, { dataType: 'uint8', shape: [], data: Uint8Array.of(scale.zeroPoint) }),
    ];
    const quantized = this.#node(
      'QuantizeLinear',
      [this.#clipped(name, scale), ...parameters],
      `${name}_uint8`,
    );
    this.#rounded.set(name, this.#node('DequantizeLinear', [quantized, ...parameters], `${name}_rounded`));
  }

  /** QuantizeLinear saturates at 8 bits; a narrower range has to be clipped before. */
  #clipped(name: string, { low, high }: ActivationScale): string {
    if (this.#activationBits === 8) return name;
    const bounds = [low, high].map((bound) => this.#constant(`${name}_bound`, float32([], [bound])));
    return this.#node('Clip', [name, ...bounds], `${name}_clipped`);
  }

  #inputsOf(node: Node): readonly string[] {
    const inputs = node.inputs.map((name) => this.#rounded.get(name) ?? name);
    const axis = weightAxis(node);
    const [inputName = '', weightName = '', biasName = ''] = node.inputs;
    const weight = this.#graph.initializers.get(weightName);
    const input = this.#scales.get(inputName);
    if (axis === undefined || weight?.dataType !== 'float32' || input === undefined) return inputs;
    if (weight.shape.length < 2) return inputs;
    const quantized = quantizeWeights(weight, axis, this.#weightBits);
    inputs[1] = this.#dequantized(`${weightName}_int8`, quantized, 'int8', axis);
    const bias = this.#graph.initializers.get(biasName);
    if (bias?.dataType === 'float32' && bias.data.length === quantized.scales.data.length) {
      inputs[2] = this.#bias(biasName, bias, input, quantized);
    }
    return inputs;
  }

  #bias(
    name: string,
    bias: Tensor<'float32'>,
    { scale }: ActivationScale,
    { scales }: QuantizedWeights,
  ): string {
    return this.#dequantized(
      `${name}_int32`,
      quantizeBias(bias, scale, scales),
      'int32',
      bias.shape.length - 1,
    );
  }

  #dequantized(
    hint: string,
    { values, scales }: { readonly values: Tensor; readonly scales: Tensor<'float32'> },
    dataType: 'int8' | 'int32',
    axis: number,
  ): string {
    const [length = 0] = scales.shape;
    const data = dataType === 'int8' ? new Int8Array(length) : new Int32Array(length);
    const inputs = [
      this.#constant(hint, values),
      this.#constant(`${hint}_scale`, scales),
      this.#constant(`${hint}_zero`, { dataType, shape: [length], data } as Tensor),
    ];
    const output = this.#fresh(`${hint}_float`);
    this.#push('DequantizeLinear', inputs, output, { axis: int(axis) });
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

/** The axis of a node's weights that runs over output channels; `undefined` for nodes without 8-bit weights. */
function weightAxis(node: Node): number | undefined {
  if (node.domain !== '') return undefined;
  switch (node.op) {
    case 'Conv':
      return 0;
    case 'MatMul':
      return 1;
    case 'Gemm': {
      const plain = floatAttribute(node, 'alpha', 1) === 1 && floatAttribute(node, 'beta', 1) === 1;
      return plain ? (intAttribute(node, 'transB', 0) === 1 ? 0 : 1) : undefined;
    }
    default:
      return undefined;
  }
}
