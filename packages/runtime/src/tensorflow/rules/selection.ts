import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from '@unpair/graph';
import { concat, pad, slice, take } from '../movement.js';
import type { Inputs, Rule, RuleContext, Rules } from '../rule.js';
import { axisOf, outputShapes, required, result } from '../rule.js';
import type { Value } from '../value.js';
import { axisInLayout, inLayout } from '../value.js';
import { operandsOf } from './operands.js';

const concatRule: Rule = (context) => (inputs) => {
  const { device, node } = context;
  const values = inputs.filter((value) => value !== undefined);
  const { layout, tensors } = operandsOf(values);
  const rank = required(inputs, 0).shape.length;
  const axis = axisInLayout(layout, axisOf(intAttribute(node, 'axis', 1), rank), rank);
  const parts = tensors.filter(({ size }) => size > 0);
  const [only] = parts;
  const joined =
    parts.length > 1 ? concat(device, parts, axis) : device.run('Identity', { x: only ?? tensors[0] });
  return result(context, required(inputs, 0).dataType, joined, layout);
};

/** Cuts a value in its own layout. */
function cut(
  context: RuleContext,
  x: Value,
  starts: readonly number[],
  shape: readonly number[],
  steps: readonly number[] = starts.map(() => 1),
): Value {
  const { layout } = x;
  const [from, to, by] = [starts, shape, steps].map((perAxis) => inLayout(layout, perAxis));
  const y = slice(context.device, x.tensor(layout), from ?? [], to ?? [], by);
  const [value] = result(context, x.dataType, y, layout);
  if (value === undefined) throw new TypeError('a slice gave nothing');
  return value;
}

const split: Rule = (context) => (inputs) => {
  const x = required(inputs, 0);
  const axis = axisOf(intAttribute(context.node, 'axis', 0), x.shape.length);
  let start = 0;
  return outputShapes(context, inputs).map((shape) => {
    const starts = x.shape.map((_, i) => (i === axis ? start : 0));
    start += shape[axis] ?? 0;
    return cut(context, x, starts, shape);
  });
};

const sliceRule: Rule = (context) => (inputs) => {
  const { node } = context;
  const x = required(inputs, 0);
  const rank = x.shape.length;
  const [shape = []] = outputShapes(context, inputs);
  const list = (index: number, name: string): readonly number[] | undefined =>
    intsAttribute(node, name) ?? inputs[index]?.numbers();
  const written = list(1, 'starts') ?? [];
  const axes = list(3, 'axes') ?? written.map((_, i) => i);
  const starts = x.shape.map(() => 0);
  const steps = x.shape.map(() => 1);
  axes.forEach((written_, i) => {
    const axis = axisOf(written_, rank);
    const size = x.shape[axis] ?? 1;
    const start = written[i] ?? 0;
    steps[axis] = list(4, 'steps')?.[i] ?? 1;
    const last = (steps[axis] ?? 1) > 0 ? size : size - 1;
    starts[axis] = Math.min(Math.max(start < 0 ? start + size : start, 0), last);
  });
  return [cut(context, x, starts, shape, steps)];
};

/** Where each element of a padded axis comes from: mirrored, repeated at the edge, or around. */
const SOURCES: Readonly<Record<string, (position: number, size: number) => number>> = {
  edge: (position, size) => Math.min(Math.max(position, 0), size - 1),
  reflect: (position, size) => {
    const period = Math.max(1, 2 * (size - 1));
    const at = ((position % period) + period) % period;
    return at < size ? at : period - at;
  },
  wrap: (position, size) => ((position % size) + size) % size,
};

/** Pads per axis, begins and ends, from the attribute (opset 10) or inputs; negative ones cut. */
function padsOf({ node }: RuleContext, inputs: Inputs): readonly (readonly [number, number])[] {
  const rank = required(inputs, 0).shape.length;
  const pads = intsAttribute(node, 'pads') ?? required(inputs, 1).numbers();
  const axes =
    inputs[3]?.numbers().map((axis) => axisOf(axis, rank)) ?? Array.from({ length: rank }, (_, i) => i);
  return Array.from({ length: rank }, (_, axis) => {
    const at = axes.indexOf(axis);
    return at < 0 ? [0, 0] : [pads[at] ?? 0, pads[at + axes.length] ?? 0];
  });
}

const padRule: Rule = (context) => (inputs) => {
  const { device, node } = context;
  const source = SOURCES[stringAttribute(node, 'mode', 'constant')];
  const x = required(inputs, 0);
  const pads = padsOf(context, inputs);
  if (source !== undefined) return [extended(context, x, pads, source)];
  const value = inputs[2]?.numbers()[0] ?? floatAttribute(node, 'value', 0);
  const starts = pads.map(([before]) => Math.max(0, -before));
  const shape = x.shape.map((size, axis) => {
    const [before, after] = pads[axis] ?? [0, 0];
    return size - Math.max(0, -before) - Math.max(0, -after);
  });
  const isCut = shape.some((size, axis) => size !== x.shape[axis]);
  const inside = isCut ? cut(context, x, starts, shape) : x;
  const counts = (side: 0 | 1): number[] =>
    inLayout(
      x.layout,
      pads.map((pair) => Math.max(0, pair[side])),
    );
  const y = pad(device, inside.tensor(x.layout), counts(0), counts(1), value);
  const padded = result(context, x.dataType, device.run('Identity', { x: y }), x.layout);
  if (isCut) inside.dispose();
  return padded;
};

function extended(
  context: RuleContext,
  x: Value,
  pads: readonly (readonly [number, number])[],
  source: (position: number, size: number) => number,
): Value {
  const { device } = context;
  const rank = x.shape.length;
  const y = pads.reduce((tensor, [before, after], axis) => {
    const size = x.shape[axis] ?? 1;
    if (before === 0 && after === 0) return tensor;
    const indices = Array.from({ length: size + before + after }, (_, i) => source(i - before, size));
    return take(device, tensor, axisInLayout(x.layout, axis, rank), indices);
  }, x.tensor(x.layout));
  const [value] = result(context, x.dataType, device.run('Identity', { x: y }), x.layout);
  if (value === undefined) throw new TypeError('a pad gave nothing');
  return value;
}

/** Entries along an axis; negative indices count from the end. */
const gather: Rule = (context) => (inputs) => {
  const { device, node } = context;
  const [x, indices] = [required(inputs, 0), required(inputs, 1)];
  const rank = x.shape.length;
  const axis = axisOf(intAttribute(node, 'axis', 0), rank);
  const size = x.shape[axis] ?? 1;
  const positions = indices.numbers().map((index) => {
    if (index < -size || index >= size) {
      throw new RangeError(`has index ${index}, outside [${-size}, ${size - 1}]`);
    }
    return axisOf(index, size);
  });
  const layout = indices.shape.length === 1 ? x.layout : 'plain';
  const taken = take(device, x.tensor(layout), axisInLayout(layout, axis, rank), positions);
  if (layout === 'channels-last') return result(context, x.dataType, taken, layout);
  return result(context, x.dataType, device.reshape(taken, x.shape.toSpliced(axis, 1, ...indices.shape)));
};

/** Operators that take parts of tensors or put parts together. */
export const selectionRules: Rules = {
  Concat: concatRule,
  Split: split,
  Slice: sliceRule,
  Pad: padRule,
  Gather: gather,
};
