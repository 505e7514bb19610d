import { intAttribute, intsAttribute, sizeOf } from '@unpair/graph';
import type { Device, DeviceTensor } from '../device.js';
import { slice } from '../movement.js';
import type { Rule, RuleContext, Rules } from '../rule.js';
import { outputShapes, required, result } from '../rule.js';
import type { Value } from '../value.js';
import { inOneRow, padImage } from './convolution.js';
import { maxPoolOnHost } from './host.js';
import { castTensor, pairwise } from './operands.js';
import type { Window } from './window.js';
import { windowOf } from './window.js';

type Pool = (device: Device, x: DeviceTensor, window: Window, output: readonly number[]) => DeviceTensor;

/** A pool over [N,C,...]. Kernels take floats; integers that come in are exact in them. */
function pooled(context: RuleContext, x: Value, output: readonly number[], pool: Pool): readonly Value[] {
  const { device, node } = context;
  const kernel = intsAttribute(node, 'kernel_shape') ?? [];
  const given = windowOf(node, kernel, x.shape.slice(2), output.slice(2));
  const window = reaching(given, x.shape.slice(2), output.slice(2));
  const image = castTensor(device, x.tensor('channels-last'), 'float32');
  const isLine = kernel.length === 1;
  const [n = 0, w = 0, c = 0] = image.shape;
  const y = isLine
    ? pool(device, device.reshape(image, [n, 1, w, c]), inOneRow(window), [1, ...output.slice(2)])
    : pool(device, image, window, output.slice(2));
  const flat = isLine ? device.reshape(y, y.shape.toSpliced(1, 1)) : y;
  const typed = castTensor(device, flat, x.tensor('channels-last').dtype as 'float32');
  return result(context, x.dataType, typed, 'channels-last');
}

/** Pads behind as far as the last window reaches: with `ceil_mode` that may be further than the declared pads. */
function reaching(window: Window, spatial: readonly number[], output: readonly number[]): Window {
  const { kernel, strides, dilations, before } = window;
  const after = kernel.map((size, axis) => {
    const extent = (size - 1) * (dilations[axis] ?? 1) + 1;
    const reach = ((output[axis] ?? 1) - 1) * (strides[axis] ?? 1) + extent;
    return Math.max(0, reach - (spatial[axis] ?? 0) - (before[axis] ?? 0));
  });
  return { ...window, after };
}

const isTrivial = ({ kernel, dilations }: Window): boolean =>
  kernel.every((size) => size === 1) || dilations.some((dilation) => dilation !== 1);

/** Padding is below every number; the kernels take none themselves on every backend. */
const maxPooling: Pool = (device, x, window, output) => {
  if (isTrivial(window) || window.kernel.length === 3) {
    const padded = padImage(device, x, window, -Infinity);
    return shifts(device, padded, window, output).reduce((a, b) => pairwise(device, 'Maximum', a, b));
  }
  const isPadded = [...window.before, ...window.after].some((count) => count > 0);
  if (isPadded && device.backend === 'wasm')
    return kernelPool(device, 'MaxPool', x, window, explicitPad(window));
  return kernelPool(device, 'MaxPool', padImage(device, x, window, -Infinity), window, 'valid');
};

/** Sums over windows that read zeros outside, over how many elements each window has. */
const averagePooling =
  (counts: (axis: number, window: Window) => readonly number[]): Pool =>
  (device, x, window, output) => {
    const padded = padImage(device, x, window);
    const size = sizeOf(window.kernel);
    const isPlain = window.kernel.every((length, axis) =>
      counts(axis, window).every((count) => count === length),
    );
    if (!isTrivial(window) && window.kernel.length === 2) {
      const average = kernelPool(device, 'AvgPool', padded, window, 'valid');
      return isPlain
        ? average
        : device.run('Multiply', { a: average, b: correction(device, window, counts, size) });
    }
    const total = shifts(device, padded, window, output).reduce((a, b) => device.run('Add', { a, b }));
    return device.run('Multiply', { a: total, b: correction(device, window, counts, 1) });
  };

/** `factor` over the number of elements of each window, as [1,...,1]. */
function correction(
  device: Device,
  window: Window,
  counts: (axis: number, window: Window) => readonly number[],
  factor: number,
): DeviceTensor {
  const perAxis = window.kernel.map((_, axis) => counts(axis, window));
  const products = perAxis.reduce<readonly number[]>(
    (done, axisCounts) => done.flatMap((count) => axisCounts.map((next) => count * next)),
    [1],
  );
  const shape = [1, ...perAxis.map(({ length }) => length), 1];
  return device.upload(
    Float32Array.from(products, (count) => factor / count),
    shape,
    'float32',
  );
}

function kernelPool(
  device: Device,
  name: string,
  x: DeviceTensor,
  { kernel, strides }: Window,
  padding: unknown,
): DeviceTensor {
  const attributes = {
    filterSize: [...kernel],
    strides: [...strides],
    pad: padding,
    dimRoundingMode: 'floor',
  };
  return device.run(name, { x }, attributes);
}

function explicitPad({ before, after }: Window): readonly (readonly (number | undefined)[])[] {
  return [
    [0, 0],
    [before[0], after[0]],
    [before[1], after[1]],
    [0, 0],
  ];
}

/** For each place in the window, what all windows have there: parts of the padded image in steps of the strides. */
function shifts(
  device: Device,
  x: DeviceTensor,
  { kernel, strides, dilations }: Window,
  output: readonly number[],
): readonly DeviceTensor[] {
  const places = kernel.reduce<readonly (readonly number[])[]>(
    (done, size, axis) =>
      done.flatMap((place) => Array.from({ length: size }, (_, i) => [...place, i * (dilations[axis] ?? 1)])),
    [[]],
  );
  const shape = [...x.shape.slice(0, 1), ...output, ...x.shape.slice(-1)];
  return places.map((place) => slice(device, x, [0, ...place, 0], shape, [1, ...strides, 1]));
}

const maxPool: Rule = (context) => {
  const { node } = context;
  if ((node.outputs[1] ?? '') !== '') {
    return maxPoolOnHost(context);
  }
  return (inputs) => {
    const [output = []] = outputShapes(context, inputs);
    return pooled(context, required(inputs, 0), output, maxPooling);
  };
};

const averagePool: Rule = (context) => {
  const countsPads = intAttribute(context.node, 'count_include_pad', 0) === 1;
  return (inputs) => {
    const x = required(inputs, 0);
    const [output = []] = outputShapes(context, inputs);
    const spatial = x.shape.slice(2);
    const kernel = intsAttribute(context.node, 'kernel_shape') ?? [];
    const declared = windowOf(context.node, kernel, spatial, output.slice(2));
    // A window over a line is one over an image of one row, which has an axis more in front.
    const counts = (axis: number, window: Window): readonly number[] => {
      const at = axis - (window.kernel.length - kernel.length);
      return at < 0 ? [1] : elementCounts(declared, at, spatial[at] ?? 1, output[at + 2] ?? 1, countsPads);
    };
    return pooled(context, x, output, averagePooling(counts));
  };
};

/** How many elements each window has along an axis: those inside the image, or inside its declared pads. */
function elementCounts(
  { kernel, strides, dilations, before, after }: Window,
  axis: number,
  size: number,
  count: number,
  countsPads: boolean,
): readonly number[] {
  const [low, high] = countsPads ? [-(before[axis] ?? 0), size + (after[axis] ?? 0)] : [0, size];
  return Array.from({ length: count }, (_, i) => {
    const start = i * (strides[axis] ?? 1) - (before[axis] ?? 0);
    const places = Array.from({ length: kernel[axis] ?? 1 }, (__, k) => start + k * (dilations[axis] ?? 1));
    return places.filter((place) => place >= low && place < high).length;
  });
}

/** Pools over windows. */
export const poolingRules: Rules = { MaxPool: maxPool, AveragePool: averagePool };
