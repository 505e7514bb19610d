import { describeNode, intAttribute } from '../attributes.js';
import { GraphBuilder } from '../builder.js';
import { codeOfDataType } from '../data-types.js';
import type { Attributes, Graph, Node } from '../graph.js';
import { ModelError, float, int } from '../graph.js';
import type { Tensor } from '../tensor.js';
import { float32 } from '../tensor.js';
import { consumersOf } from './consumers.js';

/** The domain of onnxruntime's own operators. */
const CONTRIB = 'com.microsoft';

/** One integer operator being rewritten. */
interface Rewriting {
  readonly node: Node;
  readonly builder: GraphBuilder;
  readonly constants: ReadonlyMap<string, Tensor>;
  /** Whether all who read the node's result cast it to floats. */
  readonly isCast: boolean;
  /** Scale and zero point of the integer values so far. */
  readonly parameters: Map<string, readonly string[]>;
}

/** Writes float operators in place of the node; returns the value of its output. */
type Rewrite = (rewriting: Rewriting) => string;

/**
 * Writes integer operators (onnxruntime's QOperator format, and dynamic quantization) as float operators between
 * DequantizeLinear and QuantizeLinear: runtimes fuse these into the same integer kernels, and gradients pass straight
 * through them. Must run before constants are folded.
 * @throws {ModelError} for a bias whose scale is computed at run time, or a layout with channels last.
 */
export function rewriteQuantizedOperators(graph: Graph): Graph {
  if (!graph.nodes.some((node) => node.op === 'QuantizeLinear' || rewriteOf(node) !== undefined))
    return graph;
  const builder = GraphBuilder.rewriting(graph);
  const consumers = consumersOf(graph);
  const parameters = new Map<string, readonly string[]>();
  for (const node of graph.nodes) {
    const [output = ''] = node.outputs;
    noteParameters(node, parameters);
    const own = parameters.get(node.inputs[0] ?? '');
    const rewrite = rewriteOf(node) ?? (own !== undefined && isValued(node) ? betweenOwn(own) : undefined);
    if (rewrite === undefined) builder.append(node);
    else {
      const readers = consumers.get(output) ?? [];
      const isCast = readers.length > 0 && readers.every(({ op }) => op === 'Cast');
      const constants = graph.initializers;
      builder.nameResult(rewrite({ node, builder, constants, isCast, parameters }), output);
    }
  }
  return { ...builder.build(), outputs: graph.outputs };
}

/** Operators that {@link rewriteQuantizedOperators} rewrites; those of onnxruntime with their domain. */
export function quantizedOperators(): readonly string[] {
  const contrib = Object.keys(CONTRIB_REWRITES).map((op) => `${CONTRIB}.${op}`);
  return [...Object.keys(REWRITES), ...contrib].sort();
}

function rewriteOf({ op, domain }: Node): Rewrite | undefined {
  const table = domain === '' ? REWRITES : domain === CONTRIB ? CONTRIB_REWRITES : {};
  return Object.hasOwn(table, op) ? table[op] : undefined;
}

/** Operators that keep the scale and zero point of what they move about. */
const MOVING: ReadonlySet<string> = new Set([
  ...[
    'Flatten',
    'Gather',
    'Identity',
    'Pad',
    'Reshape',
    'Slice',
    'Split',
    'Squeeze',
    'Transpose',
    'Unsqueeze',
  ],
]);

function noteParameters(
  { op, domain, inputs, outputs }: Node,
  parameters: Map<string, readonly string[]>,
): void {
  const [input = '', ...own] = inputs;
  const known = op === 'QuantizeLinear' ? own : MOVING.has(op) ? parameters.get(input) : undefined;
  if (domain === '' && known !== undefined) for (const name of outputs) parameters.set(name, known);
}

/** Operators on integers that keep scale and zero point, but whose derivative depends on the values. */
function isValued({ op, domain, outputs }: Node): boolean {
  return domain === '' && outputs.length === 1 && ['MaxPool', 'Resize'].includes(op);
}

/** The same operator on floats: it commutes with the scale, so its result is the same integer. */
function betweenOwn(own: readonly string[]): Rewrite {
  return ({ node, builder, constants, parameters }) => {
    const [input = '', ...rest] = node.inputs;
    const axis: Attributes = (constants.get(own[0] ?? '')?.data.length ?? 1) === 1 ? {} : { axis: int(1) };
    const value = builder.node('DequantizeLinear', [input, ...own], axis);
    parameters.set(node.outputs[0] ?? '', own);
    return builder.node(
      'QuantizeLinear',
      [builder.node(node.op, [value, ...rest], node.attributes), ...own],
      axis,
    );
  };
}

function inputOf({ inputs }: Node, index: number): string {
  return inputs[index] ?? '';
}

/** The float value of inputs (integers, scale, zero point) at the three places. */
function dequantized(
  { node, builder, constants }: Rewriting,
  [integers, scale, zeroPoint]: readonly [number, number, number],
  axis?: number,
): string {
  const name = inputOf(node, scale);
  const scales = constants.get(name)?.data.length ?? 1;
  const inputs = [inputOf(node, integers), name, spreadZeroPoint(inputOf(node, zeroPoint), scales)];
  const attributes: Attributes = axis === undefined || scales === 1 ? {} : { axis: int(axis) };
  return builder.node('DequantizeLinear', inputs[2] === '' ? inputs.slice(0, 2) : inputs, attributes);

  /** One zero point may go with many scales. */
  function spreadZeroPoint(zero: string, count: number): string {
    const tensor = constants.get(zero);
    if (tensor?.data.length !== 1 || count === 1) return zero;
    const [value = 0] = Array.from(tensor.data, Number);
    const data = tensor.dataType === 'int8' ? new Int8Array(count) : new Uint8Array(count);
    return builder.initializer(zero, { ...tensor, shape: [count], data: data.fill(value) } as Tensor);
  }
}

/** Rounds a float value to the scale and zero point at two inputs. */
function quantized(
  { node, builder, parameters }: Rewriting,
  value: string,
  scale: number,
  zeroPoint: number,
): string {
  const own = [inputOf(node, scale), inputOf(node, zeroPoint)].filter((name) => name !== '');
  parameters.set(node.outputs[0] ?? '', own);
  return builder.node('QuantizeLinear', [value, ...own]);
}

/** An int32 bias, in units of the products that it is added to. */
function bias(
  rewriting: Rewriting,
  index: number,
  scales: readonly [number, number],
  factor = 1,
): readonly string[] {
  const { node, builder, constants } = rewriting;
  const name = inputOf(node, index);
  if (name === '') return [];
  const [a, b] = scales.map((at) => constants.get(inputOf(node, at)));
  if (a?.dataType !== 'float32' || b?.dataType !== 'float32') {
    throw new ModelError(
      `${describeNode(node)} has a bias but its scales are not constant, which is not supported`,
    );
  }
  const products = b.data.map((scale) => scale * (a.data[0] ?? 1) * factor);
  const scale = builder.initializer(
    `${name}_scale`,
    float32(products.length === 1 ? [] : [products.length], products),
  );
  return [builder.node('DequantizeLinear', [name, scale], products.length === 1 ? {} : { axis: int(0) })];
}

function without(attributes: Attributes, ...names: readonly string[]): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)));
}

/** x, its scale and zero point, w, its scale and zero point, y's scale and zero point, bias. */
const convolution: Rewrite = (r) => {
  const inputs = [dequantized(r, [0, 1, 2]), dequantized(r, [3, 4, 5], 0), ...bias(r, 8, [1, 4])];
  return quantized(r, r.builder.node('Conv', inputs, r.node.attributes), 6, 7);
};

const matMul: Rewrite = (r) =>
  quantized(r, r.builder.node('MatMul', [dequantized(r, [0, 1, 2]), dequantized(r, [3, 4, 5], -1)]), 6, 7);

/** Without a scale for the result, that stays float. */
const gemm: Rewrite = (r) => {
  const { attributes } = r.node;
  const axis = intAttribute(r.node, 'transB', 0) === 1 ? 0 : 1;
  const alpha = attributes['alpha']?.kind === 'float' ? attributes['alpha'].value : 1;
  const inputs = [dequantized(r, [0, 1, 2]), dequantized(r, [3, 4, 5], axis), ...bias(r, 6, [1, 4], alpha)];
  const product = r.builder.node('Gemm', inputs, { ...attributes, alpha: float(alpha) });
  return inputOf(r.node, 7) === '' ? product : quantized(r, product, 7, 8);
};

/** a and b with their scales and zero points, then the result's. */
function binary(op: string): Rewrite {
  return (r) =>
    quantized(r, r.builder.node(op, [dequantized(r, [0, 1, 2]), dequantized(r, [3, 4, 5])]), 6, 7);
}

/** x with its scale and zero point, then the result's. */
function unary(op: string): Rewrite {
  return (r) => {
    if (intAttribute(r.node, 'channels_last', 0) === 1) {
      throw new ModelError(`${describeNode(r.node)} has its channels last, which is not supported`);
    }
    const attributes = without(r.node.attributes, 'channels_last', 'opset');
    return quantized(r, r.builder.node(op, [dequantized(r, [0, 1, 2])], attributes), 3, 4);
  };
}

/** The result's scale and zero point, then three inputs for each part. */
const concat: Rewrite = (r) => {
  const parts = Array.from({ length: Math.floor((r.node.inputs.length - 2) / 3) }, (_, i) =>
    dequantized(r, [3 * i + 2, 3 * i + 3, 3 * i + 4]),
  );
  return quantized(r, r.builder.node('Concat', parts, r.node.attributes), 0, 1);
};

/** Products of integers less their zero points: floats hold them exactly up to 2^24. */
function integerProduct(op: 'MatMul' | 'Conv'): Rewrite {
  return ({ node, builder, constants, isCast }) => {
    const centred = (integers: number, zeroPoint: number, axis: number): string => {
      const zero = inputOf(node, zeroPoint);
      const count = constants.get(zero)?.data.length ?? 1;
      const scale = builder.initializer(
        'one',
        float32(
          count === 1 ? [] : [count],
          Array.from({ length: count }, () => 1),
        ),
      );
      const inputs = [inputOf(node, integers), scale, ...(zero === '' ? [] : [zero])];
      return builder.node('DequantizeLinear', inputs, count === 1 ? {} : { axis: int(axis) });
    };
    const factors = [centred(0, 2, 0), centred(1, 3, op === 'Conv' ? 0 : -1)];
    const product = builder.node(op, factors, node.attributes);
    return isCast ? product : builder.node('Cast', [product], { to: int(codeOfDataType('int32')) });
  };
}

/** a, b, their scales, their zero points, a float bias. */
const matMulToFloat: Rewrite = (r) => {
  const product = r.builder.node('MatMul', [dequantized(r, [0, 2, 4]), dequantized(r, [1, 3, 5], -1)]);
  return inputOf(r.node, 6) === '' ? product : r.builder.node('Add', [product, inputOf(r.node, 6)]);
};

/** Float a, integer b with its scale and zero point, a float bias: a is rounded to its own range. */
const dynamicMatMul: Rewrite = (r) => {
  const rounded = r.builder.nodeWithOutputs('DynamicQuantizeLinear', [inputOf(r.node, 0)], 3);
  const a = r.builder.node('DequantizeLinear', rounded);
  const product = r.builder.node('MatMul', [a, dequantized(r, [1, 2, 3], -1)]);
  return inputOf(r.node, 4) === '' ? product : r.builder.node('Add', [product, inputOf(r.node, 4)]);
};

const REWRITES: Readonly<Record<string, Rewrite>> = {
  QLinearConv: convolution,
  QLinearMatMul: matMul,
  MatMulInteger: integerProduct('MatMul'),
  ConvInteger: integerProduct('Conv'),
};

const CONTRIB_REWRITES: Readonly<Record<string, Rewrite>> = {
  DequantizeLinear: ({ node, builder }) => builder.node('DequantizeLinear', node.inputs, node.attributes),
  QuantizeLinear: ({ node, builder }) => builder.node('QuantizeLinear', node.inputs, node.attributes),
  DynamicQuantizeMatMul: dynamicMatMul,
  MatMulIntegerToFloat: matMulToFloat,
  QGemm: gemm,
  QLinearAdd: binary('Add'),
  QLinearAveragePool: unary('AveragePool'),
  QLinearConcat: concat,
  QLinearGlobalAveragePool: unary('GlobalAveragePool'),
  QLinearLeakyRelu: unary('LeakyRelu'),
  QLinearMul: binary('Mul'),
  QLinearSigmoid: unary('Sigmoid'),
  QLinearSoftmax: unary('Softmax'),
};
