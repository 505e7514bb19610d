import type { Graph, Node, ValueType } from '../graph.js';
import { ModelError } from '../graph.js';
import type { Tensor } from '../tensor.js';
import { constantRules } from './constant.js';
import { contentsOfNode, contentsOfTensor } from './contents.js';
import { convolutionRules } from './convolution.js';
import { elementwiseRules } from './elementwise.js';
import { layoutRules } from './layout.js';
import { matrixRules } from './matrix.js';
import { reductionRules } from './reduction.js';
import { resizeRules } from './resize.js';
import type { Contents, NodeContext, ShapeRule } from './rule.js';
import { nodeError } from './rule.js';
import { selectionRules } from './selection.js';

/** One rule an operator. */
const RULES: ReadonlyMap<string, ShapeRule> = new Map(
  Object.entries({
    ...elementwiseRules,
    ...convolutionRules,
    ...matrixRules,
    ...reductionRules,
    ...layoutRules,
    ...selectionRules,
    ...resizeRules,
    ...constantRules,
  }),
);

/** Operators of the default domain whose results this package can type. */
export const KNOWN_OPERATORS: ReadonlySet<string> = new Set(RULES.keys());

/**
 * Element type and shape of every value of a graph: inputs, constants and results. Sizes that are known only at
 * run time keep their names (`N`); sizes computed from them get derived names (`16*N`).
 * @throws {ModelError} naming the node whose operator is unknown or whose inputs do not fit together.
 */
export function inferShapes(graph: Graph): ReadonlyMap<string, ValueType> {
  return inferValues(graph).types;
}

/** Types of values, inferred when first asked for; none where the graph has operators that cannot be typed. */
export function lazyTypes(graph: Graph): (value: string) => ValueType | undefined {
  let types: ReadonlyMap<string, ValueType> | undefined;
  const infer = (): ReadonlyMap<string, ValueType> => {
    try {
      return inferShapes(graph);
    } catch (error) {
      if (error instanceof ModelError) return new Map();
      throw error;
    }
  };
  return (value) => (types ??= infer()).get(value);
}

/** What can be said about a graph's values without running it. */
export interface InferredValues {
  readonly types: ReadonlyMap<string, ValueType>;
  /** Elements of the short integer values that follow from shapes and constants. */
  readonly contents: ReadonlyMap<string, Contents>;
}

/** As {@link inferShapes}, with the integers that were found on the way. */
export function inferValues(graph: Graph): InferredValues {
  const inference = new Inference(graph);
  for (const node of graph.nodes) inference.add(node);
  return inference;
}

/** What can be said about the values of a graph whose nodes are added in order. */
export class Inference implements InferredValues {
  readonly types = new Map<string, ValueType>();
  readonly contents = new Map<string, Contents>();
  readonly #opset: number;

  /** Starts with a graph's inputs and constants. */
  constructor({ opset, inputs, initializers }: Graph) {
    this.#opset = opset;
    for (const { name, dataType, shape } of inputs) this.types.set(name, { dataType, shape });
    for (const [name, tensor] of initializers) this.addConstant(name, tensor);
  }

  addConstant(name: string, tensor: Tensor): void {
    this.types.set(name, { dataType: tensor.dataType, shape: tensor.shape });
    const known = contentsOfTensor(tensor);
    if (known !== undefined) this.contents.set(name, known);
  }

  /** @throws {ModelError} as {@link inferShapes}. */
  add(node: Node): void {
    const context = this.#contextOf(node);
    const outputs = inferNode(context);
    node.outputs.forEach((name, i) => {
      const type = outputs[i];
      if (name === '') return;
      if (type === undefined)
        throw nodeError(node, `has ${node.outputs.length} outputs, more than its operator`);
      this.types.set(name, type);
    });
    const [first, type] = [node.outputs[0], outputs[0]];
    const known = type === undefined ? undefined : contentsOfNode(context, type);
    if (first !== undefined && known !== undefined) this.contents.set(first, known);
  }

  #contextOf(node: Node): NodeContext {
    const inputs = node.inputs.map((name) => {
      if (name === '') return undefined;
      const type = this.types.get(name);
      if (type === undefined) throw nodeError(node, `reads value "${name}", which nothing defines before it`);
      return type;
    });
    const contents = node.inputs.map((name) => this.contents.get(name));
    return { node, opset: this.#opset, inputs, contents };
  }
}

/** Types of one node's outputs. @throws {ModelError} as {@link inferShapes}. */
export function inferNode(context: NodeContext): readonly ValueType[] {
  const { node } = context;
  const rule = node.domain === '' ? RULES.get(node.op) : undefined;
  if (rule === undefined) {
    const place = node.domain === '' ? '' : ` of domain "${node.domain}"`;
    throw new ModelError(`node "${node.name}" has operator ${node.op}${place}, which is not supported`);
  }
  return rule(context);
}
