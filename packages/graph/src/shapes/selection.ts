import { intAttribute, intsAttribute } from '../attributes.js';
import type { Dim, Node } from '../graph.js';
import { addDims, ceilDivide, divideExactly, mayEqual } from './dim.js';
import { sameAsFirst } from './elementwise.js';
import type { NodeContext, ShapeRule, ShapeRules } from './rule.js';
import { dimAt, nodeError, requireInput, requireNumbers, resolveAxis, showShape } from './rule.js';

const concat: ShapeRule = (context) => {
  const { node, inputs } = context;
  const first = requireInput(context, 0);
  const axis = resolveAxis(node, intAttribute(node, 'axis', 1), first.shape.length);
  const rest = inputs.slice(1).filter((input) => input !== undefined);
  const shape = rest.reduce<readonly Dim[]>((joined, input) => {
    const fits =
      input.shape.length === joined.length &&
      input.shape.every((dim, i) => i === axis || mayEqual(dim, dimAt(joined, i)));
    if (!fits) {
      throw nodeError(
        node,
        `cannot join ${showShape(joined)} and ${showShape(input.shape)} along axis ${axis}`,
      );
    }
    return joined.map((dim, i) =>
      i === axis ? addDims(dim, dimAt(input.shape, i)) : sharper(dim, dimAt(input.shape, i)),
    );
  }, first.shape);
  return [{ dataType: first.dataType, shape }];
};

/** Of two names for one size, the one that says more. */
function sharper(a: Dim, b: Dim): Dim {
  return typeof a === 'number' ? a : typeof b === 'number' ? b : a;
}

const split: ShapeRule = (context) => {
  const { node } = context;
  const { dataType, shape } = requireInput(context, 0);
  const axis = resolveAxis(node, intAttribute(node, 'axis', 0), shape.length);
  return splitSizes(context, dimAt(shape, axis)).map((size) => ({ dataType, shape: shape.with(axis, size) }));
};

function splitSizes(context: NodeContext, size: Dim): readonly Dim[] {
  const { node, inputs } = context;
  const explicit =
    inputs[1] === undefined ? intsAttribute(node, 'split') : requireNumbers(context, 1, 'sizes');
  if (explicit !== undefined) {
    const total = explicit.reduce((sum, part) => sum + part, 0);
    if (!mayEqual(total, size)) throw nodeError(node, `splits a size of ${size} into ${showShape(explicit)}`);
    return explicit;
  }
  const count = intAttribute(node, 'num_outputs', node.outputs.length);
  if (!(count >= 1 && count <= Math.max(1, node.outputs.length))) {
    throw nodeError(node, `splits into ${count} parts but has ${node.outputs.length} outputs`);
  }
  const part = divideExactly(size, count) ?? ceilDivide(size, count);
  return Array.from({ length: count }, (_, i) =>
    i < count - 1 ? part : typeof part === 'number' ? addDims(size, -part * (count - 1)) : part,
  );
}

const slice: ShapeRule = (context) => {
  const { node } = context;
  const { dataType, shape } = requireInput(context, 0);
  const result = [...shape];
  for (const { axis, start, end, step } of rangesOf(context, shape.length)) {
    result[axis] = sliceLength(node, dimAt(shape, axis), start, end, step);
  }
  return [{ dataType, shape: result }];
};

/** One sliced axis, bounds as written: counted from the end when negative, and clamped later. */
export interface SliceRange {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** What a Slice node cuts, from attributes (opset 9) or inputs. @throws {ModelError} when that is not constant. */
export function rangesOf(context: NodeContext, rank: number): readonly SliceRange[] {
  const { node } = context;
  const list = (index: number, name: string): readonly number[] | undefined =>
    intsAttribute(node, name) ??
    (context.inputs[index] === undefined ? undefined : requireNumbers(context, index, name));
  const starts = list(1, 'starts') ?? [];
  const ends = list(2, 'ends') ?? [];
  const axes = list(3, 'axes') ?? starts.map((_, i) => i);
  const steps = list(4, 'steps') ?? starts.map(() => 1);
  if ([ends, axes, steps].some((values) => values.length !== starts.length) || steps.includes(0)) {
    throw nodeError(node, 'has starts, ends, axes and steps that do not belong together');
  }
  return starts.map((start, i) => ({
    axis: resolveAxis(node, axes[i] ?? 0, rank),
    start,
    end: ends[i] ?? 0,
    step: steps[i] ?? 1,
  }));
}

/** Indices that a slice takes of a dimension of known size. */
export function sliceIndices(
  size: number,
  { start, end, step }: Omit<SliceRange, 'axis'>,
): readonly number[] {
  const { first, length } = sliceExtent(size, { start, end, step });
  return Array.from({ length }, (_, i) => first + i * step);
}

/** The first index of a slice and how many there are. */
function sliceExtent(
  size: number,
  { start, end, step }: Omit<SliceRange, 'axis'>,
): { readonly first: number; readonly length: number } {
  const clamp = (bound: number, low: number, high: number): number =>
    Math.min(Math.max(bound < 0 ? bound + size : bound, low), high);
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const first = clamp(start, Math.max(low, 0), high);
  return { first, length: Math.max(0, Math.ceil((clamp(end, low, high) - first) / step)) };
}

/** Bounds beyond this mean "to the end", whatever the size. */
const FAR = 2 ** 31 - 1;

function sliceLength(node: Node, size: Dim, start: number, end: number, step: number): Dim {
  if (typeof size === 'number') return sliceExtent(size, { start, end, step }).length;
  if (step === 1 && end >= FAR && start >= 0) return addDims(size, -start);
  if (step === 1 && start === 0 && end < 0 && end > -FAR) return addDims(size, end);
  if (step === -1 && (start === -1 || start >= FAR) && end <= -FAR) return size;
  return `${node.outputs[0] ?? node.name}(${size})`;
}

const pad: ShapeRule = (context) => {
  const { node, inputs } = context;
  const { dataType, shape } = requireInput(context, 0);
  const pads = intsAttribute(node, 'pads') ?? requireNumbers(context, 1, 'pads');
  const axes =
    inputs[3] === undefined
      ? [...shape.keys()]
      : requireNumbers(context, 3, 'axes').map((axis) => resolveAxis(node, axis, shape.length));
  if (pads.length !== 2 * axes.length) {
    throw nodeError(node, `has pads ${showShape(pads)} for ${axes.length} dimensions`);
  }
  const result = [...shape];
  axes.forEach((axis, i) => {
    result[axis] = addDims(dimAt(shape, axis), (pads[i] ?? 0) + (pads[i + axes.length] ?? 0));
  });
  if (result.some((dim) => typeof dim === 'number' && dim < 0)) {
    throw nodeError(node, `cuts ${showShape(shape)} by ${showShape(pads)}, beyond its size`);
  }
  return [{ dataType, shape: result }];
};

const gather: ShapeRule = (context) => {
  const [data, indices] = [requireInput(context, 0), requireInput(context, 1)];
  const axis = resolveAxis(context.node, intAttribute(context.node, 'axis', 0), data.shape.length);
  return [{ dataType: data.dataType, shape: data.shape.toSpliced(axis, 1, ...indices.shape) }];
};

const gatherElements: ShapeRule = (context) => [
  { dataType: requireInput(context, 0).dataType, shape: requireInput(context, 1).shape },
];

/** Operators that take parts of tensors or put parts together. */
export const selectionRules: ShapeRules = {
  Concat: concat,
  Split: split,
  Slice: slice,
  Pad: pad,
  Gather: gather,
  GatherElements: gatherElements,
  ScatterElements: sameAsFirst,
  ScatterND: sameAsFirst,
};
