import type { Dim } from '@unpair/graph';
import { float32 } from '@unpair/graph';

import { reduction } from '../../channels-last/pooling.js';
import { resize } from '../../channels-last/resizing.js';
import type { Pads, Span } from '../../channels-last/shaping.js';
import { concatenate, crop, pad, reshape, transpose } from '../../channels-last/shaping.js';
import type { NodeCall, Numbers, Operand, OpWriter } from './node.js';
import { isValue } from './node.js';

const numbers = (list: readonly Dim[], shape: readonly Dim[] = [list.length]): Numbers => ({
  shape,
  numbers: list,
});

const passing: OpWriter = (call) => call.operand(0);

/** Whole numbers that become float are constants; everything else is float already. */
const cast: OpWriter = (call) => {
  const operand = call.operand(0);
  const isFloat = call.node.attributes.get('DstT').get('type').value === 'DT_FLOAT';
  if (isValue(operand) || !isFloat) return operand;
  return call.build.constant('cast', float32(fixed(call, operand.shape), call.integers(0)));
};

function fixed(call: NodeCall, shape: readonly Dim[]): readonly number[] {
  if (shape.every((dim) => typeof dim === 'number')) return shape;
  throw call.error(`takes whole numbers of open shape [${shape.join(', ')}]`);
}

const shapeOf: OpWriter = (call) => numbers(call.operand(0).shape);

/** Stacks whole numbers; values only where one is stacked alone. */
const pack: OpWriter = (call) => {
  const lists = call.operands.map((_, input) => call.sizes(input));
  const [first] = call.operands;
  return numbers(lists.flat(), [lists.length, ...(first?.shape ?? [])]);
};

const reshaping: OpWriter = (call) => {
  const operand = call.operand(0);
  const target = call.sizes(1);
  if (isValue(operand)) return reshape(call.build, operand, target, call.place);
  const sizes = target.map((size) => (size === -1 ? operand.numbers.length : size));
  return numbers(operand.numbers, sizes);
};

const squeeze: OpWriter = (call) => {
  const value = call.value(0);
  const rank = value.shape.length;
  const named = [...call.list('squeeze_dims'), ...call.list('axis')].map((axis) =>
    axis < 0 ? axis + rank : axis,
  );
  const gone = named.length > 0 ? named : [...value.shape.keys()].filter((axis) => value.shape[axis] === 1);
  const wrong = gone.find((axis) => value.shape[axis] !== 1);
  if (wrong !== undefined) throw call.error(`squeezes axis ${wrong} of [${value.shape.join(', ')}]`);
  const shape = value.shape.filter((_, axis) => !gone.includes(axis));
  return reshape(call.build, value, shape, call.place);
};

const expandDims: OpWriter = (call) => {
  const operand = call.operand(0);
  const [axis = 0] = call.integers(1);
  const at = axis < 0 ? axis + operand.shape.length + 1 : axis;
  if (at < 0 || at > operand.shape.length)
    throw call.error(`adds axis ${axis} to [${operand.shape.join(', ')}]`);
  if (isValue(operand)) return reshape(call.build, operand, operand.shape.toSpliced(at, 0, 1), call.place);
  return numbers(operand.numbers, operand.shape.toSpliced(at, 0, 1));
};

const concatenation: OpWriter = (call) => {
  const last = call.operands.length - 1;
  const [axis = 0] = call.integers(last);
  const operands = call.operands.slice(0, last);
  if (!operands.every(isValue)) return numbers(operands.flatMap((_, input) => call.sizes(input)));
  return concatenate(call.build, operands, axis, call.place);
};

const pairs = (call: NodeCall, list: readonly number[]): Pads =>
  Array.from({ length: list.length / 2 }, (_, axis) => {
    const [before, after] = list.slice(2 * axis, 2 * axis + 2);
    if (before === undefined || after === undefined) throw call.error(`has ${list.length} pads`);
    return [before, after];
  });

const padding: OpWriter = (call) => {
  const value = call.operands.length > 2 ? (call.tensor(2).data[0] ?? 0) : 0;
  return pad(call.build, call.value(0), pairs(call, call.integers(1)), { value, place: call.place });
};

const mirrorPadding: OpWriter = (call) => {
  const mode = call.text('mode', 'REFLECT');
  if (mode !== 'REFLECT') throw call.error(`has mode "${mode}"; only REFLECT is supported`);
  return pad(call.build, call.value(0), pairs(call, call.integers(1)), {
    mode: 'reflect',
    place: call.place,
  });
};

/** One axis of a strided slice; `gone` axes are left out of the result. */
interface SlicedAxis extends Span {
  readonly gone: boolean;
}

const MASKS = ['begin_mask', 'end_mask', 'ellipsis_mask', 'new_axis_mask', 'shrink_axis_mask'] as const;

/** The bounds of each axis that a strided slice names, counted from the front. */
function slicedAxes(call: NodeCall, shape: readonly Dim[]): readonly SlicedAxis[] {
  const [begins, ends, steps] = [1, 2, 3].map((input) => call.integers(input));
  const [begin, end, ellipsis, newAxis, shrink] = MASKS.map((mask) => call.integer(mask, 0));
  if ((ellipsis ?? 0) !== 0 || (newAxis ?? 0) !== 0) throw call.error('has an ellipsis or a new axis');
  const isSet = (mask: number | undefined, axis: number): boolean => (((mask ?? 0) >> axis) & 1) === 1;
  return (begins ?? []).map((start, axis) => {
    const size = shape[axis];
    const step = steps?.[axis] ?? 1;
    const gone = isSet(shrink, axis);
    const isWhole = isSet(begin, axis) && isSet(end, axis) && step === 1;
    if (typeof size !== 'number' && isWhole) return { axis, start: 0, end: 0, step, gone };
    if (typeof size !== 'number' || step < 1)
      throw call.error(`slices [${shape.join(', ')}] by steps of ${step}`);
    const bounded = (at: number): number => Math.min(size, Math.max(0, at < 0 ? at + size : at));
    const from = isSet(begin, axis) ? 0 : bounded(start);
    const to = gone ? from + 1 : isSet(end, axis) ? size : bounded(ends?.[axis] ?? size);
    return { axis, start: from, end: to, step, gone };
  });
}

const stridedSlice: OpWriter = (call) => {
  const operand = call.operand(0);
  const axes = slicedAxes(call, operand.shape);
  if (!isValue(operand)) {
    const [only] = axes;
    if (only === undefined || operand.shape.length !== 1)
      throw call.error('slices whole numbers of several axes');
    const kept = operand.numbers.filter(
      (_, i) => i >= only.start && i < only.end && (i - only.start) % only.step === 0,
    );
    return numbers(kept, only.gone ? [] : [kept.length]);
  }
  const spans = axes.filter(({ axis }) => typeof operand.shape[axis] === 'number');
  const cut = crop(call.build, operand, spans, call.place);
  const gone = axes.filter((axis) => axis.gone).map(({ axis }) => axis);
  if (gone.length === 0) return cut;
  const shape = cut.shape.filter((_, axis) => !gone.includes(axis));
  return reshape(call.build, cut, shape, call.place);
};

const reducing =
  (kind: 'max' | 'mean'): OpWriter =>
  (call) =>
    reduction(call.build, kind, call.value(0), {
      axes: call.integers(1),
      keepDims: call.boolean('keep_dims') || call.boolean('keepdims'),
      place: call.place,
    });

const resizing =
  (method: 'nearest' | 'bilinear'): OpWriter =>
  (call) => {
    const [height = 0, width = 0] = call.integers(1);
    const sampling = {
      method,
      alignCorners: call.boolean('align_corners'),
      halfPixelCenters: call.boolean('half_pixel_centers'),
    };
    return resize(call.build, call.value(0), [height, width], { sampling, place: call.place });
  };

/** Operators that move elements, and arithmetic on shapes. */
export const shapingOps: Readonly<Record<string, OpWriter>> = {
  Identity: passing,
  StopGradient: passing,
  PreventGradient: passing,
  Snapshot: passing,
  Cast: cast,
  Shape: shapeOf,
  Pack: pack,
  Reshape: reshaping,
  Squeeze: squeeze,
  ExpandDims: expandDims,
  Transpose: (call): Operand => transpose(call.build, call.value(0), call.integers(1), call.place),
  ConcatV2: concatenation,
  Pad: padding,
  PadV2: padding,
  MirrorPad: mirrorPadding,
  StridedSlice: stridedSlice,
  Mean: reducing('mean'),
  Max: reducing('max'),
  ResizeBilinear: resizing('bilinear'),
  ResizeNearestNeighbor: resizing('nearest'),
};
