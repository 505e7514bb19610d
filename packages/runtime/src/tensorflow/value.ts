import type { DataType, Tensor } from '@unpair/graph';
import type { Device, DeviceTensor } from './device.js';
import { transpose } from './movement.js';
import { downloadTensor, uploadTensor } from './transfer.js';

/**
 * Order of a tensor's dimensions on the device. `plain` is ONNX's own, [N,C,...]; `channels-last` is [N,...,C], which
 * TensorFlow's convolutions and pools want.
 */
export type Layout = 'plain' | 'channels-last';

/**
 * A value while a graph runs: on the host, on the device, or both, there in one or both layouts. What is missing is
 * made when it is asked for, and kept until the value is disposed of.
 */
export class Value {
  readonly dataType: DataType;
  /** In ONNX's order, whatever the layout. */
  readonly shape: readonly number[];
  readonly #device: Device;
  readonly #forms = new Map<string, DeviceTensor>();
  readonly #layout: Layout;
  #host: Tensor | undefined;

  private constructor(device: Device, dataType: DataType, shape: readonly number[], layout: Layout) {
    this.#device = device;
    this.dataType = dataType;
    this.shape = shape;
    this.#layout = layout;
  }

  /** A value that is on the host. It is uploaded when a kernel asks for it. */
  static onHost(device: Device, tensor: Tensor): Value {
    const value = new Value(device, tensor.dataType, tensor.shape, 'plain');
    value.#host = tensor;
    return value;
  }

  /** Takes over a tensor that a kernel made. */
  static onDevice(device: Device, dataType: DataType, tensor: DeviceTensor, layout: Layout = 'plain'): Value {
    const { shape } = tensor;
    const value = new Value(device, dataType, layout === 'plain' ? shape : channelsFirst(shape), layout);
    value.#forms.set(key(layout, shape.length), device.keep(tensor));
    return value;
  }

  /** The layout in which the value was made: the one that costs nothing. */
  get layout(): Layout {
    return this.#layout;
  }

  /** Whether the elements are on the host and nowhere else. */
  get isOnHost(): boolean {
    return this.#host !== undefined && this.#forms.size === 0;
  }

  /**
   * The tensor on the device. With a `rank` above its own it gets leading dimensions of 1 first, as in broadcasting.
   * Owned by this value.
   */
  tensor(layout: Layout = 'plain', rank = this.shape.length): DeviceTensor {
    const name = key(layout, rank);
    const known = this.#forms.get(name);
    if (known !== undefined) return known;
    const made = this.#device.keep(this.#make(layout, rank));
    this.#forms.set(name, made);
    return made;
  }

  /**
   * Another form of the value that a rule wants, a filter with its dimensions reordered for instance: made once, and
   * kept as long as the value. Constants are prepared so once for all runs.
   */
  derived(name: string, make: () => DeviceTensor): DeviceTensor {
    const known = this.#forms.get(name);
    if (known !== undefined) return known;
    const made = this.#device.keep(this.#device.run('Identity', { x: make() }));
    this.#forms.set(name, made);
    return made;
  }

  /** Elements on the host. A copy from the device unless they are there already. */
  host(): Tensor {
    this.#host ??= downloadTensor(this.tensor(), this.dataType, this.shape);
    return this.#host;
  }

  /** Elements on the host as plain numbers: sizes, axes, indices. */
  numbers(): readonly number[] {
    return Array.from(this.host().data as ArrayLike<number | bigint>, Number);
  }

  /** The same elements in ONNX's order under another shape. */
  reshaped(shape: readonly number[]): Value {
    if (this.#host !== undefined) return Value.onHost(this.#device, { ...this.#host, shape });
    return Value.onDevice(this.#device, this.dataType, this.#device.reshape(this.tensor(), shape));
  }

  /** Another handle on the same elements. */
  alias(): Value {
    if (this.#host !== undefined) return Value.onHost(this.#device, this.#host);
    const tensor = this.tensor(this.#layout);
    return Value.onDevice(
      this.#device,
      this.dataType,
      this.#device.run('Identity', { x: tensor }),
      this.#layout,
    );
  }

  /** Frees what the value holds on the device. */
  dispose(): void {
    for (const tensor of this.#forms.values()) tensor.dispose();
    this.#forms.clear();
  }

  #make(layout: Layout, rank: number): DeviceTensor {
    if (layout === 'channels-last') {
      return transpose(this.#device, this.tensor('plain', rank), toChannelsLast(rank));
    }
    if (rank !== this.shape.length) {
      const ones = Array.from({ length: rank - this.shape.length }, () => 1);
      return this.#device.reshape(this.tensor(), [...ones, ...this.shape]);
    }
    if (this.#host !== undefined) return uploadTensor(this.#device, this.#host);
    return transpose(this.#device, this.tensor('channels-last'), toChannelsFirst(rank));
  }
}

/** Numbers for each dimension, in the order that a layout has on the device. */
export function inLayout<T>(layout: Layout, perAxis: readonly T[]): T[] {
  return layout === 'plain' ? [...perAxis] : channelsLast(perAxis);
}

/** Where dimension `axis` of a value of `rank` dimensions is on the device. */
export function axisInLayout(layout: Layout, axis: number, rank: number): number {
  return layout === 'plain' ? axis : toChannelsLast(rank).indexOf(axis);
}

function key(layout: Layout, rank: number): string {
  return `${layout}/${rank}`;
}

/** [N,...,C] as ONNX writes it: [N,C,...]. */
export function channelsFirst<T>(shape: readonly T[]): T[] {
  return toChannelsFirst(shape.length).flatMap((axis) => shape.slice(axis, axis + 1));
}

/** [N,C,...] as the device has it: [N,...,C]. */
export function channelsLast<T>(shape: readonly T[]): T[] {
  return toChannelsLast(shape.length).flatMap((axis) => shape.slice(axis, axis + 1));
}

function toChannelsLast(rank: number): number[] {
  return [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];
}

function toChannelsFirst(rank: number): number[] {
  return [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)];
}
