import type { Graph, Node } from '../graph.js';
import { ModelError } from '../graph.js';
import type { Tensor } from '../tensor.js';
import { consumersOf } from '../transforms/consumers.js';
import { dropIdentities } from '../transforms/drop-identities.js';
import { foldConstants } from '../transforms/fold-constants.js';
import { freshNames } from '../transforms/fresh-names.js';
import { pruneDeadNodes } from '../transforms/prune-dead-nodes.js';
import { upgradeOpset } from '../transforms/upgrade-opset.js';
import { weightAxis } from './plan.js';
import type { Quantization } from './quantization.js';
import { recoverActivations } from './recover-activations.js';
import type { StoredConstant } from './stored-weights.js';
import { fewestBits, isInUnitsOf, recoveredScale, storedConstant } from './stored-weights.js';
import type { WeightScale } from './weights.js';

/** Whether a model's file stores integers: it has QuantizeLinear or DequantizeLinear. */
export function isQuantized({ nodes }: Graph): boolean {
  return nodes.some(({ op, domain }) => domain === '' && QUANTIZERS.has(op));
}

const QUANTIZERS: ReadonlySet<string> = new Set(['QuantizeLinear', 'DequantizeLinear']);

/**
 * The model with float32 weights, as whoever fine-tunes a published file takes it: integers become what they stand for.
 * Activations are rounded as before, so that it computes the same numbers, and the derivative of rounding is taken to
 * be 1.
 */
export function withFloatWeights(graph: Graph): Graph {
  return foldConstants(upgradeOpset(graph));
}

/**
 * Reads out of a quantized model (QDQ, as `quantize` and standard tools write it) what it was made of: the graph with
 * float32 weights, which lie on their grids, and the scales. `applyQuantization` of it computes what the model computes.
 * Roundings that a {@link Quantization} cannot say, such as a second one of the same value, stay in the graph.
 * @throws {ModelError} when no weight of a Conv, Gemm or MatMul is stored as 8-bit integers
 */
export function recoverQuantization(original: Graph): Quantization {
  const folded = dropIdentities(foldConstants(upgradeOpset(original), { keepQuantized: true }));
  const { graph, activationBits, activations } = recoverActivations(folded);
  const floats = new FloatWeights(graph);
  if (floats.weights.size === 0) throw nothingStored(original);
  const bits = fewestBits([...floats.weights.values()]);
  const weights = new Map<string, WeightScale>();
  for (const [name, stored] of floats.weights) weights.set(name, recoveredScale(stored, bits));
  const floatBiases = floats.floatBiases((input) => activations.get(input)?.scale);
  return { graph: floats.graph, activationBits, activations, weights, floatBiases };
}

/** A graph whose stored constants have become float32 initializers; it lives as long as one call. */
class FloatWeights {
  readonly graph: Graph;
  /** The stored weights of its operators, by initializer. */
  readonly weights: ReadonlyMap<string, StoredConstant>;
  readonly #stored = new Map<string, StoredConstant>();

  constructor(graph: Graph) {
    const fresh = freshNames(graph);
    const initializers = new Map<string, Tensor>(graph.initializers);
    const names = new Map<string, string>();
    const outputs = new Set(graph.outputs.map(({ name }) => name));
    for (const node of graph.nodes) {
      const [output = ''] = node.outputs;
      const constant = outputs.has(output) ? undefined : storedConstant(graph, node);
      if (constant === undefined) continue;
      const name = fresh(originalName(output));
      names.set(output, name);
      initializers.set(name, constant.values);
      this.#stored.set(name, constant);
    }
    const nodes = graph.nodes
      .filter(({ outputs: [output = ''] }) => !names.has(output))
      .map((node) => ({ ...node, inputs: node.inputs.map((name) => names.get(name) ?? name) }));
    this.graph = pruneDeadNodes({ ...graph, nodes, initializers });
    this.weights = this.#weights();
  }

  /** Biases that `applyQuantization` must not round, as they were not, or in other units. */
  floatBiases(inputScale: (input: string) => number | undefined): ReadonlySet<string> {
    const biases = new Set<string>();
    for (const { inputs } of this.graph.nodes.filter((node) => weightAxis(node) !== undefined)) {
      const [input = '', weight = '', bias = ''] = inputs;
      const [stored, scale] = [this.#stored.get(bias), inputScale(input)];
      const scales = this.weights.get(weight)?.scales;
      if (bias === '') continue;
      const isStored = stored !== undefined && scale !== undefined && scales !== undefined;
      if (!isStored || !isInUnitsOf(stored, scale, scales)) biases.add(bias);
    }
    return biases;
  }

  #weights(): ReadonlyMap<string, StoredConstant> {
    const weights = new Map<string, StoredConstant>();
    const consumers = consumersOf(this.graph);
    for (const [name, constant] of this.#stored) {
      const readers = consumers.get(name) ?? [];
      const isWeight =
        constant.values.shape.length >= 2 && readers.every((node) => readsAsWeight(node, name));
      if (isWeight && constant.dataType !== 'int32') weights.set(name, constant);
    }
    return weights;
  }
}

function readsAsWeight(node: Node, name: string): boolean {
  return weightAxis(node) !== undefined && node.inputs.every((input, at) => input !== name || at === 1);
}

/** `quantize` writes names after those of the float graph. */
function originalName(dequantized: string): string {
  return dequantized.replace(/_int(8|32)(_\d+)?_float(_\d+)?$/, '');
}

function nothingStored({ name, nodes }: Graph): ModelError {
  const operators = [...new Set(nodes.map(({ op }) => op))].join(', ');
  return new ModelError(
    `model "${name}" has no Conv, Gemm or MatMul whose weights are stored as int8 or uint8 behind a DequantizeLinear ` +
      `with one zero point, only ${operators}; use the float model that it was made of`,
  );
}
