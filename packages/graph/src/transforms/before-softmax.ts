import { intAttribute, intsAttribute } from '../attributes.js';
import { isFloatCode } from '../data-types.js';
import type { Dim, Graph, Node, ValueInfo, ValueType } from '../graph.js';
import { lazyTypes } from '../shapes/infer.js';
import { producersOf } from './consumers.js';

/** Operators that only write numbers down: rounded, under another name. */
const NOTING: ReadonlySet<string> = new Set([
  ...['QuantizeLinear', 'DequantizeLinear', 'Identity', 'Dropout'],
  // What it makes of probabilities differs from the logits by one number for each sample.
  'Log',
]);

/** Operators that give the same elements in the same order another shape. */
const RESHAPING: ReadonlySet<string> = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze']);

/**
 * What goes into the Softmax or LogSoftmax over classes that an output comes out of, be it rounded, cast or reshaped
 * after: no gradient of a confident prediction is seen through probabilities. The order of the classes is the output's.
 * @returns `undefined` when the output comes out of none.
 */
export function beforeSoftmax(graph: Graph, output: ValueInfo): ValueInfo | undefined {
  const producers = producersOf(graph);
  const typeOf = lazyTypes(graph);
  let [value, isReshaped] = [output.name, false];
  for (;;) {
    const node = producers.get(value);
    if (node?.domain !== '') return undefined;
    const [source = ''] = node.inputs;
    if (node.op === 'Softmax' || node.op === 'LogSoftmax') {
      const { dataType, shape } = typeOf(source) ?? { dataType: output.dataType, shape: undefined };
      const known = isReshaped ? shape : output.shape;
      return known === undefined ? undefined : classesOf(graph, output, node, { dataType, shape: known });
    }
    if (!keepsOrder(node, () => typeOf(source)?.shape)) return undefined;
    isReshaped ||= !NOTING.has(node.op) && node.op !== 'Cast';
    value = source;
  }
}

/** Whether a node passes all elements on in their order, as far as real numbers go. */
function keepsOrder(node: Node, shapeOf: () => readonly Dim[] | undefined): boolean {
  if (NOTING.has(node.op) || RESHAPING.has(node.op)) return true;
  if (node.op === 'Cast') return isFloatCode(intAttribute(node, 'to', 0));
  const shape = node.op === 'Transpose' ? shapeOf() : undefined;
  if (shape === undefined) return false;
  const order = intsAttribute(node, 'perm') ?? [...shape.keys()].reverse();
  const long = order.filter((axis) => shape[axis] !== 1);
  return long.every((axis, i) => i === 0 || axis > (long[i - 1] ?? 0));
}

/** The input of a Softmax, where that is over the classes: the only dimension beside the batch. */
function classesOf(
  graph: Graph,
  output: ValueInfo,
  node: Node,
  { dataType, shape }: ValueType,
): ValueInfo | undefined {
  const given = intAttribute(node, 'axis', -1);
  const axis = given < 0 ? given + shape.length : given;
  const classes = shape[axis];
  const batch = graph.inputs[0]?.shape[0];
  const isAlone = shape.every(
    (dim, i) => i === axis || dim === 1 || (i === 0 && (dim === batch || dim === output.shape[0])),
  );
  const [, ...answer] = output.shape.length > 1 ? output.shape : [1, ...output.shape];
  const long = answer.filter((dim) => dim !== 1);
  const isWhole = long.length === 1 && (typeof long[0] === 'string' || long[0] === classes);
  if (typeof classes !== 'number' || !isAlone || !isWhole) return undefined;
  return { name: node.inputs[0] ?? '', dataType, shape };
}
