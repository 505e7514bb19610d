import type { Tensor } from '@unpair/graph';
import { ModelError, arrayOver, float16Value, sizeOf } from '@unpair/graph';

import type { FileTensor } from './model-file.js';

/** Bytes of one element, of the types that constants may have. */
const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  float32: 4,
  float16: 2,
  int32: 4,
  int64: 8,
  int8: 1,
  uint8: 1,
  bool: 1,
};

/** How messages name a tensor. */
export function describeTensor({ name, type, shape }: FileTensor): string {
  return `tensor "${name}" (${type} [${shape.join(', ')}])`;
}

/**
 * The elements of a constant; float16 is widened to float32, which is exact.
 * @throws {ModelError} when its type is none that is computed with, or its buffer has another length than its shape.
 */
export function constantTensor(tensor: FileTensor): Tensor {
  const { type, shape, data = new Uint8Array() } = tensor;
  const size = Object.hasOwn(ELEMENT_BYTES, type) ? ELEMENT_BYTES[type] : undefined;
  if (size === undefined || tensor.isSparse) {
    throw new ModelError(
      `constant ${describeTensor(tensor)} is ${tensor.isSparse ? 'sparse' : `of type ${type}`}, which is not supported`,
    );
  }
  if (data.length !== size * sizeOf(shape)) {
    throw new ModelError(
      `constant ${describeTensor(tensor)} needs ${size * sizeOf(shape)} bytes, its buffer has ${data.length}`,
    );
  }
  // A copy, as typed arrays need aligned bytes; the format is little-endian like every platform of the runtimes.
  const buffer = data.slice().buffer;
  if (type === 'float16')
    return { dataType: 'float32', shape, data: Float32Array.from(new Uint16Array(buffer), float16Value) };
  return { dataType: type, shape, data: arrayOver(type as 'float32', buffer) } as Tensor;
}
