import type { Graph } from '../graph.js';
import { ModelError } from '../graph.js';
import type { ActivationScale, QuantizationScheme, ValueRange } from './affine.js';
import { activationScale } from './affine.js';
import { planQuantization, weightsOf } from './plan.js';
import type { WeightScale } from './weights.js';
import { weightScale } from './weights.js';
import type { Quantization } from './quantization.js';
import { QuantizedGraph } from './quantized-graph.js';

export interface QuantizeOptions {
  /** Bits of a weight, 2 to 8. Default 8. */
  readonly weightBits?: number;
  /** Bits of an activation, 2 to 8. Default 8; fewer are clipped before they are rounded. */
  readonly activationBits?: number;
  /** Whether weights have a scale for each output channel or one for the tensor. Default `channel`. */
  readonly granularity?: 'channel' | 'tensor';
  /** Default `asymmetric`. */
  readonly scheme?: QuantizationScheme;
  /** How the ranges of weights are chosen; those of activations are given. Default `min-max`. */
  readonly weightRanges?: 'min-max' | 'mse';
}

/**
 * Quantizes a model after training: weights of at most 8 bits, activations of at most 8 bits in the observed ranges,
 * int32 biases. The result is an ordinary ONNX graph in which QuantizeLinear and DequantizeLinear surround the float
 * operators (QDQ): runtimes with integer kernels fuse them, all others compute the same numbers in floats.
 * @param ranges what calibration saw of each of `calibrationValues(graph)`.
 * @throws {ModelError} when a range is missing or no range, no operator can be quantized, or an option is out of
 * bounds.
 */
export function quantize(
  original: Graph,
  ranges: ReadonlyMap<string, ValueRange>,
  options: QuantizeOptions = {},
): Graph {
  return applyQuantization(chooseScales(original, ranges, options));
}

/** The first half of {@link quantize}: chooses scales and leaves the weights as they are. */
export function chooseScales(
  original: Graph,
  ranges: ReadonlyMap<string, ValueRange>,
  options: QuantizeOptions = {},
): Quantization {
  const { weightBits = 8, activationBits = 8, scheme = 'asymmetric' } = options;
  checkBits('weightBits', weightBits);
  checkBits('activationBits', activationBits);
  const { graph, observed, inherited } = planQuantization(original);
  const activations = new Map<string, ActivationScale>();
  for (const name of observed) {
    activations.set(name, activationScale(rangeOf(name, ranges), activationBits, scheme));
  }
  for (const [name, source] of inherited) {
    const scale = activations.get(source);
    if (scale !== undefined) activations.set(name, scale);
  }
  const weights = chooseWeightScales(graph, activations, { ...options, scheme, weightBits });
  return { graph, activationBits, activations, weights };
}

/**
 * The second half of {@link quantize}: the graph with its weights as integers. With `integerWeights: false` they stay
 * float initializers under their own names, to be trained; only activations are rounded then.
 */
export function applyQuantization(quantization: Quantization, { integerWeights = true } = {}): Graph {
  return new QuantizedGraph(quantization, integerWeights).build();
}

/** Names of the values whose ranges {@link quantize} needs. @throws {ModelError} when no operator can be quantized */
export function calibrationValues(graph: Graph): readonly string[] {
  return planQuantization(graph).observed;
}

function chooseWeightScales(
  graph: Graph,
  activations: ReadonlyMap<string, ActivationScale>,
  {
    weightBits = 8,
    granularity = 'channel',
    scheme = 'asymmetric',
    weightRanges = 'min-max',
  }: QuantizeOptions,
): ReadonlyMap<string, WeightScale> {
  const options = { bits: weightBits, granularity, scheme, ranges: weightRanges };
  const scales = new Map<string, WeightScale>();
  for (const node of graph.nodes) {
    const [input = '', name = ''] = node.inputs;
    const found = weightsOf(node, graph);
    if (found === undefined || !activations.has(input) || scales.has(name)) continue;
    scales.set(name, weightScale(found.weight, { axis: found.axis, ...options }));
  }
  return scales;
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
