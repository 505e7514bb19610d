import type { Graph, Node, ValueType } from '../graph.js';
import { ModelError } from '../graph.js';
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
  const types = new Map<string, ValueType>();
  const contents = new Map<string, Contents>();
  for (const { name, dataType, shape } of graph.inputs) types.set(name, { dataType, shape });
  for (const [name, tensor] of graph.initializers) {
    types.set(name, { dataType: tensor.dataType, shape: tensor.shape });
    const known = contentsOfTensor(tensor);
    if (known !== undefined) contents.set(name, known);
  }
  for (const node of graph.nodes) {
    const context = contextOf(node, graph.opset, types, contents);
    const outputs = inferNode(context);
    node.outputs.forEach((name, i) => {
      const type = outputs[i];
      if (name === '') return;
      if (type === undefined)
        throw nodeError(node, `has ${node.outputs.length} outputs, more than its operator`);
      types.set(name, type);
    });
    const [first, type] = [node.outputs[0], outputs[0]];
    const known = type === undefined ? undefined : contentsOfNode(context, type);
    if (first !== undefined && known !== undefined) contents.set(first, known);
  }
  return { types, contents };
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

function contextOf(
  node: Node,
  opset: number,
  types: ReadonlyMap<string, ValueType>,
  contents: ReadonlyMap<string, Contents>,
): NodeContext {
  const inputs = node.inputs.map((name) => {
    if (name === '') return undefined;
    const type = types.get(name);
    if (type === undefined) throw nodeError(node, `reads value "${name}", which nothing defines before it`);
    return type;
  });
  return { node, opset, inputs, contents: node.inputs.map((name) => contents.get(name)) };
}
