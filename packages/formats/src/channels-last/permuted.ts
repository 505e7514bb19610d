import type { Tensor } from '@unpair/graph';
import { float32, sizeOf } from '@unpair/graph';

/** A float32 tensor with its axes in another order: axis i of the result is axis `order[i]` of `tensor`. */
export function permuted(tensor: Tensor<'float32'>, order: readonly number[]): Tensor<'float32'> {
  const shape = order.map((axis) => tensor.shape[axis] ?? 1);
  const strides = order.map((axis) => sizeOf(tensor.shape.slice(axis + 1)));
  const data = new Float32Array(tensor.data.length);
  const [size = 1, stride = 1] = [shape.at(-1), strides.at(-1)];
  const index = shape.map(() => 0);
  let source = 0;
  for (let at = 0; at < data.length; at += size) {
    for (let k = 0; k < size; k++) data[at + k] = tensor.data[source + k * stride] ?? 0;
    // On to the next run: the last outer axis moves fastest.
    for (let axis = shape.length - 2; axis >= 0; axis--) {
      const next = (index[axis] ?? 0) + 1;
      source += strides[axis] ?? 0;
      index[axis] = next;
      if (next < (shape[axis] ?? 1)) break;
      source -= next * (strides[axis] ?? 0);
      index[axis] = 0;
    }
  }
  return float32(shape, data);
}
