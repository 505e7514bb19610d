import type { Graph, Node, ValueInfo, ValueType } from './graph.js';
import { BYTES_PER_ELEMENT } from './data-types.js';
import { multiplyDims, productOf } from './shapes/dim.js';
import { KNOWN_OPERATORS, inferShapes } from './shapes/infer.js';
import { bindDims } from './transforms/bind.js';

/** What there is to tell about a model at a glance. */
export interface ModelSummary {
  readonly format: 'onnx';
  readonly name: string;
  readonly opset: number;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** Numbers that training or quantization chose: weights, without scales, zero points, shapes and axes. */
  readonly parameters: number;
  /** Those of the parameters that do not stand for zero. */
  readonly nonZero: number;
  /** Bytes of all constants. */
  readonly bytes: number;
  /** How often each operator occurs, most frequent first. */
  readonly operators: Readonly<Record<string, number>>;
  /** Multiply-accumulate operations for one sample; `null` when some size is known only at run time. */
  readonly macs: number | null;
}

/** Summarizes a graph. Works on graphs with unknown operators too: then `macs` is `null`. */
export function summarizeModel(graph: Graph): ModelSummary {
  return {
    format: 'onnx',
    name: graph.name,
    opset: graph.opset,
    inputs: graph.inputs,
    outputs: graph.outputs,
    ...countParameters(graph),
    bytes: [...graph.initializers.values()].reduce(
      (sum, { dataType, data }) => sum + data.length * BYTES_PER_ELEMENT[dataType],
      0,
    ),
    operators: countOperators(graph),
    macs: isKnown(graph) ? countMacs(graph) : null,
  };
}

/** Whether every operator of a graph has a rule for its shapes. */
function isKnown({ nodes }: Graph): boolean {
  return nodes.every(({ domain, op }) => domain === '' && KNOWN_OPERATORS.has(op));
}

function qualifiedName({ domain, op }: Node): string {
  return domain === '' ? op : `${domain}.${op}`;
}

function countOperators(graph: Graph): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const node of graph.nodes) counts.set(qualifiedName(node), (counts.get(qualifiedName(node)) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)));
}

const NO_WEIGHTS: ReadonlySet<string> = new Set(['int64', 'bool']);

function countParameters(graph: Graph): Pick<ModelSummary, 'parameters' | 'nonZero'> {
  const quantizers = graph.nodes.filter(({ op }) => op === 'QuantizeLinear' || op === 'DequantizeLinear');
  const scales = new Set(quantizers.flatMap((node) => node.inputs.slice(1)));
  const zeroPoints = new Map(quantizers.map(({ inputs: [value = '', , zero = ''] }) => [value, zero]));
  let [parameters, nonZero] = [0, 0];
  for (const [name, { dataType, data }] of graph.initializers) {
    if (scales.has(name) || NO_WEIGHTS.has(dataType)) continue;
    // Of several zero points, one for each channel, integer kernels want all to be the same.
    const zero = Number(graph.initializers.get(zeroPoints.get(name) ?? '')?.data[0] ?? 0);
    parameters += data.length;
    for (const value of data) if (Number(value) !== zero) nonZero += 1;
  }
  return { parameters, nonZero };
}

/**
 * Bytes of all values that a graph computes for one sample: about what a run needs of memory that keeps them all, as one
 * of a gradient does. `null` when some size is known only at run time.
 */
export function activationBytes(graph: Graph): number | null {
  if (!isKnown(graph)) return null;
  const types = shapesOfOneSample(graph);
  let total = 0;
  for (const name of graph.nodes.flatMap(({ outputs }) => outputs).filter((output) => output !== '')) {
    const type = types.get(name);
    const elements = type === undefined ? undefined : productOf(type.shape);
    if (type === undefined || typeof elements !== 'number') return null;
    total += elements * BYTES_PER_ELEMENT[type.dataType];
  }
  return total;
}

/** The first dimension of the first input counts as 1 when it is open. */
function shapesOfOneSample(graph: Graph): ReadonlyMap<string, ValueType> {
  const batch = graph.inputs[0]?.shape[0];
  return inferShapes(typeof batch === 'string' ? bindDims(graph, { [batch]: 1 }) : graph);
}

/** For one sample. */
function countMacs(graph: Graph): number | null {
  const types = shapesOfOneSample(graph);
  let total = 0;
  for (const node of graph.nodes) {
    const macs = macsOf(node, types);
    if (macs === null) return null;
    total += macs;
  }
  return total;
}

function macsOf(
  { op, inputs, outputs, attributes }: Node,
  types: ReadonlyMap<string, ValueType>,
): number | null {
  const shapeOf = (name = ''): ValueType['shape'] => types.get(name)?.shape ?? [];
  const [input, weights, output] = [shapeOf(inputs[0]), shapeOf(inputs[1]), productOf(shapeOf(outputs[0]))];
  const transposed = attributes['transA']?.value === 1;
  const macs = ((): ReturnType<typeof productOf> => {
    switch (op) {
      case 'Conv':
        return multiplyDims(output, productOf(weights.slice(1)));
      case 'ConvTranspose':
        return multiplyDims(productOf(input), productOf(weights.slice(1)));
      case 'Gemm':
        return multiplyDims(output, input[transposed ? 0 : 1] ?? 1);
      case 'MatMul':
        return multiplyDims(output, input.at(-1) ?? 1);
      default:
        return 0;
    }
  })();
  return typeof macs === 'number' ? macs : null;
}
