import type { Dim } from '../graph.js';
import type { NodeView } from '../autodiff/node-view.js';
import { productOf } from '../shapes/dim.js';
import { einsumSizes, readEinsum } from '../shapes/einsum.js';
import type { Decompositions } from './composite.js';
import { writableShape } from './layout.js';

/** A factor of the sum: a value with a label for each axis. */
interface Factor {
  readonly value: string;
  readonly labels: readonly string[];
}

/** What writing the sum needs throughout. */
interface Summation {
  readonly c: NodeView;
  readonly sizes: ReadonlyMap<string, Dim>;
}

/** Einstein's summation as matrix products of two factors at a time, from the left. */
export const einsumDecompositions: Decompositions = { Einsum: (c) => [einsum(c)] };

function einsum(c: NodeView): string {
  const shapes = c.node.inputs.map((_, index) => c.shape(index));
  const terms = readEinsum(
    c.node,
    shapes.map((shape) => shape.length),
  );
  if (terms.operands.some((labels) => new Set(labels).size !== labels.length)) {
    throw c.refuse('its equation takes a diagonal');
  }
  const summation: Summation = { c, sizes: einsumSizes(c.node, terms, shapes) };
  const factors = terms.operands.map((labels, index): Factor => ({ value: c.input(index), labels }));
  const [first, ...rest] = factors;
  if (first === undefined) throw c.refuse('it has no operands');
  const total = rest.reduce((left, right, index) => {
    const wanted = new Set([...terms.result, ...rest.slice(index + 1).flatMap(({ labels }) => labels)]);
    return multiply(summation, left, right, wanted);
  }, first);
  const summed = sumOut(summation, total, (label) => terms.result.includes(label));
  const ordered = arrange(summation, summed, terms.result);
  return ordered.value;
}

/** Sums over the labels that are not kept. */
function sumOut({ c }: Summation, { value, labels }: Factor, keeps: (label: string) => boolean): Factor {
  const axes = labels.flatMap((label, axis) => (keeps(label) ? [] : [axis]));
  return { value: c.emit.reduceSum(value, axes, false), labels: labels.filter(keeps) };
}

function arrange({ c }: Summation, { value, labels }: Factor, order: readonly string[]): Factor {
  const permutation = order.map((label) => labels.indexOf(label));
  return { value: c.emit.transpose(value, permutation), labels: order };
}

/** Labels in `wanted` stay: shared ones are the batch of the product, the others its rows or columns. */
function multiply(summation: Summation, a: Factor, b: Factor, wanted: ReadonlySet<string>): Factor {
  const left = sumOut(summation, a, (label) => wanted.has(label) || b.labels.includes(label));
  const right = sumOut(summation, b, (label) => wanted.has(label) || a.labels.includes(label));
  const shared = left.labels.filter((label) => right.labels.includes(label));
  const batch = shared.filter((label) => wanted.has(label));
  const inner = shared.filter((label) => !wanted.has(label));
  const rows = left.labels.filter((label) => !shared.includes(label));
  const columns = right.labels.filter((label) => !shared.includes(label));
  const product = summation.c.emit.op('MatMul', [
    matrices(summation, left, [batch, rows, inner]),
    matrices(summation, right, [batch, inner, columns]),
  ]);
  const labels = [...batch, ...rows, ...columns];
  return { value: spread(summation, product, batch.length, [rows, columns]), labels };
}

/** [batch..., rows, columns]: several labels for one side are merged, none becomes a size of 1. */
function matrices(
  summation: Summation,
  factor: Factor,
  [batch, ...sides]: readonly [readonly string[], readonly string[], readonly string[]],
): string {
  const { value } = arrange(summation, factor, [...batch, ...sides.flat()]);
  if (sides.every((side) => side.length === 1)) return value;
  return reshape(
    summation,
    value,
    batch.length,
    sides.map((side) => productOf(sizesOf(summation, side))),
  );
}

/** Takes the rows and columns of a product apart again. */
function spread(
  summation: Summation,
  value: string,
  batchRank: number,
  sides: readonly (readonly string[])[],
): string {
  if (sides.every((side) => side.length === 1)) return value;
  return reshape(summation, value, batchRank, sizesOf(summation, sides.flat()));
}

/** Keeps the first `batchRank` sizes. */
function reshape({ c }: Summation, value: string, batchRank: number, sizes: readonly Dim[]): string {
  const shape = writableShape(sizes);
  if (shape === undefined) throw c.refuse('more than one of its sizes is known only at run time');
  return c.emit.reshape(value, [...Array.from({ length: batchRank }, () => 0), ...shape]);
}

function sizesOf({ sizes }: Summation, labels: readonly string[]): readonly Dim[] {
  return labels.map((label) => sizes.get(label) ?? 1);
}
