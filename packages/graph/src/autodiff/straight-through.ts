import { intAttribute } from '../attributes.js';
import { codeOfDataType, isFloatCode } from '../data-types.js';
import type { Graph, Node } from '../graph.js';
import { lazyTypes } from '../shapes/infer.js';

/**
 * Steps that derivatives pass as if they were not there (straight-through estimator, Bengio et al. 2013, arXiv
 * 1308.3432; for attacks, Athalye et al. 2018, arXiv 1802.00420, section 4).
 */
export interface StraightThrough {
  /** First results of nodes that round, take signs, or cast to integers. */
  readonly steps: ReadonlySet<string>;
  /** Integers that only become floats again: derivatives pass them, and no other use of them. */
  readonly integers: ReadonlySet<string>;
}

/** Operators that round or cut, and keep the type. */
export const STEPS: ReadonlySet<string> = new Set(['Round', 'Floor', 'Ceil', 'Sign']);

/** Operators that pass integers on in their order, or another. */
export const CARRIERS: ReadonlySet<string> = new Set([
  ...['Identity', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose'],
]);

/**
 * The steps of a model: rounding of pixels, quantization by arithmetic, binary activations. A model whose gradient is
 * taken past them has the derivative that it was trained with, instead of none. What is left of a value beside its
 * whole part, x - Floor(x), has its own derivative, 1, so that such steps stay steps; so does a sign beside the absolute
 * value, Sign(x)·|x|.
 */
export function straightThrough(graph: Graph): StraightThrough {
  const typeOf = lazyTypes(graph);
  const isFloat = (value: string): boolean => typeOf(value)?.dataType.startsWith('float') === true;
  const returning = returningIntegers(graph);
  const steps = new Set<string>();
  const integers = new Set<string>();
  /** What goes into the first of the steps that a value comes out of. */
  const origins = new Map<string, string>();
  for (const node of graph.nodes) {
    const [input = '', output = ''] = [node.inputs[0], node.outputs[0]];
    if (node.domain !== '') continue;
    const isCast = isCastToIntegers(node) && returning.has(output);
    const isStep = (STEPS.has(node.op) || isCast) && isFloat(input);
    if (!isStep && !(integers.has(input) && passesIntegers(node))) continue;
    if (isStep) steps.add(output);
    if (isCast || (!isStep && node.op !== 'Cast')) integers.add(output);
    origins.set(output, origins.get(input) ?? input);
  }
  const signed = new Set(
    graph.nodes.flatMap(({ op, inputs: [input = ''] }) => (op === 'Sign' ? [input] : [])),
  );
  const parted = new Set(
    graph.nodes.flatMap(({ op, inputs: [whole = '', part = ''] }) =>
      (op === 'Sub' && origins.get(part) === whole) || (op === 'Abs' && signed.has(whole)) ? [whole] : [],
    ),
  );
  const isPassed = (value: string): boolean => !parted.has(origins.get(value) ?? '');
  return { steps: new Set([...steps].filter(isPassed)), integers };
}

/** Values that become floats by a Cast, by way of carriers alone. */
function returningIntegers({ nodes }: Graph): ReadonlySet<string> {
  const returning = new Set<string>();
  for (const { op, inputs, outputs, attributes } of nodes.toReversed()) {
    const isBack = op === 'Cast' && isFloatCode(Number(attributes['to']?.value));
    if (isBack || (CARRIERS.has(op) && returning.has(outputs[0] ?? ''))) returning.add(inputs[0] ?? '');
  }
  return returning;
}

/** Whether derivatives pass from integers to a node's results. */
export function passesIntegers({ op }: Node): boolean {
  return op === 'Cast' || CARRIERS.has(op);
}

function isCastToIntegers(node: Node): boolean {
  const to = intAttribute(node, 'to', 1);
  return node.op === 'Cast' && !isFloatCode(to) && to !== codeOfDataType('bool');
}
