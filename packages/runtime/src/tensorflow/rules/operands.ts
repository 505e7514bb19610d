import type { DataType } from '@unpair/graph';
import type { Device, DeviceTensor } from '../device.js';
import { deviceTypeOf } from '../transfer.js';
import { PAIRWISE, PAIRWISE_KERNELS } from '../wasm-kernels.js';
import { broadcast } from '../movement.js';
import type { Layout, Value } from '../value.js';

/** Tensors in one layout and of one rank, so that kernels broadcast them as ONNX does. */
export interface Operands {
  readonly layout: Layout;
  readonly tensors: readonly DeviceTensor[];
}

/**
 * Brings operands of an elementwise operator together, in the layout that most of the work before left them in: what
 * is channels-last stays so, and what it meets is reordered.
 */
export function operandsOf(values: readonly Value[]): Operands {
  const rank = Math.max(...values.map(({ shape }) => shape.length));
  const isLast = values.some(({ layout, shape }) => layout === 'channels-last' && shape.length === rank);
  const layout = isLast ? 'channels-last' : 'plain';
  return { layout, tensors: values.map((value) => value.tensor(layout, rank)) };
}

/** Changes the type of elements on the device; floats lose their fraction, anything but 0 is true. */
export function castTensor(
  device: Device,
  x: DeviceTensor,
  type: 'float32' | 'int32' | 'bool',
): DeviceTensor {
  if (x.dtype === type) return x;
  if (type !== 'bool') return device.run('Cast', { x }, { dtype: type });
  const zero = device.upload(
    x.dtype === 'int32' ? Int32Array.of(0) : Float32Array.of(0),
    [],
    x.dtype as 'int32',
  );
  return pairwise(device, 'NotEqual', x, zero);
}

/** A scalar of the type that holds `dataType` on the device. */
export function scalar(device: Device, value: number, dataType: DataType = 'float32'): DeviceTensor {
  const type = deviceTypeOf(dataType);
  return device.upload(type === 'float32' ? Float32Array.of(value) : Int32Array.of(value), [], type);
}

/** Runs a kernel of two operands that broadcast. */
export function pairwise(device: Device, kernel: string, a: DeviceTensor, b: DeviceTensor): DeviceTensor {
  if (!PAIRWISE_KERNELS.has(kernel) || !device.has(PAIRWISE)) return device.run(kernel, { a, b });
  const shape = broadcastShape(a.shape, b.shape);
  const [left, right] = [a, b].map((x) => (x.size === 1 ? x : broadcast(device, x, shape)));
  return device.run(PAIRWISE, { a: left, b: right }, { kernel, shape });
}

/** The shape that two shapes broadcast to, aligned at their last dimensions. */
export function broadcastShape(a: readonly number[], b: readonly number[]): readonly number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [left, right] = [a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1];
    return left === 1 ? right : left;
  });
}

/** Lowest and highest element of the integer types that are narrower on the host than on the device. */
export const INTEGER_RANGES: Readonly<Partial<Record<DataType, readonly [number, number]>>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32_768, 32_767],
  uint16: [0, 65_535],
};

/** Wraps integers to the range of their type, as arithmetic on that type does. */
export function wrap(device: Device, x: DeviceTensor, dataType: DataType): DeviceTensor {
  const range = INTEGER_RANGES[dataType];
  if (range === undefined) return x;
  const [low, high] = range;
  const from = (value: number): DeviceTensor => scalar(device, value, 'int32');
  const shifted = device.run('Sub', { a: x, b: from(low) });
  const rest = device.run('Mod', { a: shifted, b: from(high - low + 1) });
  return device.run('Add', { a: rest, b: from(low) });
}
