import type { Node } from '@unpair/graph';
import { intAttribute, intsAttribute, stringAttribute } from '@unpair/graph';
import { ACTIVATION } from '../fuse-activations.js';
import type { Device, DeviceTensor } from '../device.js';
import { concat, pad, slice, transpose } from '../movement.js';
import type { Inputs, Rule, Rules } from '../rule.js';
import { outputShapes, required, result } from '../rule.js';
import type { Value } from '../value.js';
import type { Window } from './window.js';
import { windowOf } from './window.js';

/** Images [N,H,W,C] (with one or three spatial dimensions as the case may be) and what moves over them. */
interface Convolution {
  readonly device: Device;
  readonly x: DeviceTensor;
  /** [h,w,C/group,O]. */
  readonly filter: DeviceTensor;
  readonly bias: DeviceTensor | undefined;
  readonly window: Window;
  readonly group: number;
  readonly activation: string;
}

/** [N,C,...] ⊛ [O,C/g,...] → [N,O,...]. */
const conv: Rule = (context) => {
  const { device, node } = context;
  const group = intAttribute(node, 'group', 1);
  const activation = stringAttribute(node, ACTIVATION, 'linear');
  return (inputs) => {
    const [x, weight] = [required(inputs, 0), required(inputs, 1)];
    const [output = []] = outputShapes(context, inputs);
    const window = windowOf(node, weight.shape.slice(2), x.shape.slice(2), output.slice(2));
    const isDepthwise = group === x.shape[1] && group > 1 && weight.shape.length < 5;
    const filter = filterOf(device, weight, isDepthwise ? group : undefined);
    const bias = inputs[2]?.tensor();
    const image = { device, x: x.tensor('channels-last'), filter, bias, window, group, activation };
    return result(context, x.dataType, convolve(image), 'channels-last');
  };
};

/** Filters with their dimensions as the kernels want them; for constants, once. */
function filterOf(device: Device, weight: Value, depthwiseChannels: number | undefined): DeviceTensor {
  const [outputs = 0, , ...kernel] = weight.shape;
  const spatial = kernel.map((_, i) => i + 2);
  if (depthwiseChannels === undefined) {
    return weight.derived('filter', () => transpose(device, weight.tensor(), [...spatial, 1, 0]));
  }
  return weight.derived('depthwise-filter', () => {
    const moved = transpose(device, weight.tensor(), [...spatial, 0, 1]);
    return device.reshape(moved, [...kernel, depthwiseChannels, outputs / depthwiseChannels]);
  });
}

function convolve(convolution: Convolution): DeviceTensor {
  const { device, x, filter, group } = convolution;
  const spatial = x.shape.length - 2;
  if (spatial === 3) return convolveVolume(convolution);
  if (spatial === 1) return convolveLine(convolution);
  if (group > 1 && group === x.shape[3]) return convolveDepthwise(convolution);
  if (group > 1) return inGroups(convolution, convolve);
  const { bias, activation, window } = convolution;
  const attributes = { ...attributesOf(window), activation };
  if (bias === undefined && activation === 'linear') return device.run('Conv2D', { x, filter }, attributes);
  const shift =
    bias ?? device.upload(new Float32Array(filter.shape[3] ?? 0), [filter.shape[3] ?? 0], 'float32');
  return device.run('FusedConv2D', { x, filter, bias: shift }, attributes);
}

function attributesOf({ strides, dilations, before, after }: Window): Record<string, unknown> {
  const none = [...before, ...after].every((count) => count === 0);
  const [top, left] = before;
  const [bottom, right] = after;
  return {
    strides: [...strides],
    dilations: [...dilations],
    pad: none
      ? 'valid'
      : [
          [0, 0],
          [top, bottom],
          [left, right],
          [0, 0],
        ],
    dataFormat: 'NHWC',
    dimRoundingMode: 'floor',
  };
}

/** Lines [N,W,C] as images of one row. */
function convolveLine(convolution: Convolution): DeviceTensor {
  const { device, x, filter, window } = convolution;
  const [n = 0, w = 0, c = 0] = x.shape;
  const image = device.reshape(x, [n, 1, w, c]);
  const y = convolve({
    ...convolution,
    x: image,
    filter: device.reshape(filter, [1, ...filter.shape]),
    window: inOneRow(window),
  });
  return device.reshape(y, y.shape.toSpliced(1, 1));
}

/** A window over lines, as one over images of one row. */
export function inOneRow({ kernel, strides, dilations, before, after }: Window): Window {
  return {
    kernel: [1, ...kernel],
    strides: [1, ...strides],
    dilations: [1, ...dilations],
    before: [0, ...before],
    after: [0, ...after],
  };
}

/** One filter or several for each channel; `filter` is [h,w,C,O/C]. */
function convolveDepthwise({ device, x, filter, bias, window, activation }: Convolution): DeviceTensor {
  // TensorFlow's native kernel knows no explicit pads.
  const padded = device.backend === 'wasm' ? x : padImage(device, x, window);
  const inside = device.backend === 'wasm' ? window : { ...window, before: [0, 0], after: [0, 0] };
  const y = device.run('DepthwiseConv2dNative', { x: padded, filter }, attributesOf(inside));
  const shifted = bias === undefined ? y : device.run('Add', { a: y, b: bias });
  return activation === 'linear' ? shifted : device.run('Relu', { x: shifted });
}

/** Puts zeros (or `value`) around images or volumes [N,...,C]. */
export function padImage(
  device: Device,
  x: DeviceTensor,
  { before, after }: Pick<Window, 'before' | 'after'>,
  value = 0,
): DeviceTensor {
  return pad(device, x, [0, ...before, 0], [0, ...after, 0], value);
}

/** Volumes [N,D,H,W,C]. The kernel takes no explicit pads and no bias. */
function convolveVolume(convolution: Convolution): DeviceTensor {
  const { device, x, filter, bias, window, group, activation } = convolution;
  if (group > 1) return inGroups(convolution, convolveVolume);
  const y = device.run(
    'Conv3D',
    { x: padImage(device, x, window), filter },
    { strides: [...window.strides], dilations: [...window.dilations], pad: 'valid', dataFormat: 'NDHWC' },
  );
  const shifted = bias === undefined ? y : device.run('Add', { a: y, b: bias });
  return activation === 'linear' ? shifted : device.run('Relu', { x: shifted });
}

/** Convolves groups of channels each on its own. */
function inGroups(
  convolution: Convolution,
  convolveOne: (convolution: Convolution) => DeviceTensor,
): DeviceTensor {
  const { device, group, x, filter, bias } = convolution;
  const channels = x.shape.length - 1;
  const parts = Array.from({ length: group }, (_, index) =>
    convolveOne({
      ...convolution,
      x: part(device, x, channels, index, group),
      filter: part(device, filter, channels, index, group),
      bias: bias && part(device, bias, 0, index, group),
      group: 1,
    }),
  );
  return concat(device, parts, channels);
}

function part(device: Device, x: DeviceTensor, axis: number, index: number, count: number): DeviceTensor {
  const size = (x.shape[axis] ?? 0) / count;
  const starts = x.shape.map((_, i) => (i === axis ? index * size : 0));
  return slice(device, x, starts, x.shape.with(axis, size));
}

/**
 * [N,C,...] with filter [C,O/g,...] → [N,O,...]: a convolution with flipped filters over the input with zeros between
 * its pixels, because the kernel that TensorFlow.js has for it is a plain loop in WebAssembly.
 */
const convTranspose: Rule = (context) => {
  const { device, node } = context;
  const group = intAttribute(node, 'group', 1);
  return (inputs) => {
    const [x, weight] = [required(inputs, 0), required(inputs, 1)];
    const [output = []] = outputShapes(context, inputs);
    const window = transposedWindow(node, inputs, output.slice(2));
    const strides = intsAttribute(node, 'strides') ?? window.strides;
    const spread = insertZeros(device, x.tensor('channels-last'), strides);
    const { image, inside } = crop(device, spread, window);
    const y = convolve({
      device,
      x: image,
      filter: flippedFilter(device, weight, group, x.shape[1] ?? 1),
      bias: inputs[2]?.tensor(),
      window: inside,
      group,
      activation: 'linear',
    });
    return result(context, x.dataType, y, 'channels-last');
  };
};

/** The window of the convolution that a transposed one is: stride 1, and pads that give the declared output. */
function transposedWindow(node: Node, inputs: Inputs, output: readonly number[]): Window {
  const [x, weight] = [required(inputs, 0), required(inputs, 1)];
  const kernel = weight.shape.slice(2);
  const ones = kernel.map(() => 1);
  const strides = intsAttribute(node, 'strides') ?? ones;
  const dilations = intsAttribute(node, 'dilations') ?? ones;
  const extents = kernel.map((size, axis) => (size - 1) * (dilations[axis] ?? 1));
  const lengths = kernel.map((_, axis) => ((x.shape[axis + 2] ?? 1) - 1) * (strides[axis] ?? 1) + 1);
  const begins = transposedPads(node, kernel.length, (axis) => {
    const full = (lengths[axis] ?? 0) + (extents[axis] ?? 0);
    const extra = intsAttribute(node, 'output_padding')?.[axis] ?? 0;
    return full + extra - (output[axis] ?? 0);
  });
  const before = extents.map((extent, axis) => extent - (begins[axis] ?? 0));
  const after = extents.map(
    (extent, axis) => (output[axis] ?? 0) - (lengths[axis] ?? 0) + extent - (before[axis] ?? 0),
  );
  return { kernel, strides: ones, dilations, before, after };
}

/** How much of the full result is cut away at the front of each axis. */
function transposedPads(node: Node, rank: number, cut: (axis: number) => number): readonly number[] {
  const autoPad = stringAttribute(node, 'auto_pad', 'NOTSET');
  const isExplicit = autoPad === 'NOTSET' && intsAttribute(node, 'output_shape') === undefined;
  if (isExplicit)
    return (intsAttribute(node, 'pads') ?? Array.from({ length: rank }, () => 0)).slice(0, rank);
  if (autoPad === 'VALID') return Array.from({ length: rank }, () => 0);
  return Array.from({ length: rank }, (_, axis) =>
    autoPad === 'SAME_UPPER' ? Math.floor(cut(axis) / 2) : Math.ceil(cut(axis) / 2),
  );
}

/** Cuts away what negative pads name, and leaves the others to the convolution. */
function crop(
  device: Device,
  x: DeviceTensor,
  window: Window,
): { readonly image: DeviceTensor; readonly inside: Window } {
  const { before, after } = window;
  const cut = (count: number): number => Math.max(0, -count);
  if ([...before, ...after].every((count) => count >= 0)) return { image: x, inside: window };
  const starts = [0, ...before.map(cut), 0];
  const ends = [0, ...after.map(cut), 0];
  const shape = x.shape.map((size, axis) => size - (starts[axis] ?? 0) - (ends[axis] ?? 0));
  const rest = (counts: readonly number[]): readonly number[] => counts.map((count) => Math.max(0, count));
  return {
    image: slice(device, x, starts, shape),
    inside: { ...window, before: rest(before), after: rest(after) },
  };
}

/** Zeros between neighbours along the spatial axes of [N,...,C]. */
function insertZeros(device: Device, x: DeviceTensor, strides: readonly number[]): DeviceTensor {
  return strides.reduce((image, stride, i) => {
    if (stride === 1) return image;
    const axis = i + 1;
    const [outer, size, inner] = threeParts(image.shape, axis);
    const points = device.reshape(image, [outer * size, 1, inner]);
    const spread = device.reshape(pad(device, points, [0, 0, 0], [0, stride - 1, 0]), [
      outer,
      size * stride,
      inner,
    ]);
    const length = (size - 1) * stride + 1;
    const cut = slice(device, spread, [0, 0, 0], [outer, length, inner]);
    return device.reshape(cut, image.shape.with(axis, length));
  }, x);
}

function threeParts(shape: readonly number[], axis: number): readonly [number, number, number] {
  const product = (sizes: readonly number[]): number => sizes.reduce((total, size) => total * size, 1);
  return [product(shape.slice(0, axis)), shape[axis] ?? 1, product(shape.slice(axis + 1))];
}

/** [C,O/g,...] to [...,C/g,O] with the spatial axes reversed; [...,C,O/C] where every channel is a group. */
function flippedFilter(device: Device, weight: Value, group: number, channels: number): DeviceTensor {
  return weight.derived(`flipped-filter/${group}`, () => {
    const [c = 0, o = 0, ...kernel] = weight.shape;
    const flat = device.reshape(weight.tensor(), [c * o, ...kernel]);
    const last = kernel.map((size) => size - 1);
    const steps = kernel.map(() => -1);
    const flipped = slice(device, flat, [0, ...last], flat.shape, [1, ...steps]);
    const spatial = kernel.map((_, i) => i + 3);
    const grouped = device.reshape(flipped, [group, c / group, o, ...kernel]);
    if (group === channels && group > 1)
      return device.reshape(transpose(device, grouped, [...spatial, 0, 1, 2]), [...kernel, c, o]);
    const order = [...spatial, 1, 0, 2];
    return device.reshape(transpose(device, grouped, order), [...kernel, c / group, group * o]);
  });
}

/** Convolutions. */
export const convolutionRules: Rules = { Conv: conv, ConvTranspose: convTranspose };
