import { UnpairError } from '@unpair/errors';
import type { DataType, Tensor } from '@unpair/graph';
import { ELEMENT_ARRAYS } from '@unpair/graph';
import * as ort from 'onnxruntime-node';

/**
 * Wraps one of our tensors for onnxruntime without copying it. Where the engine has a native `Float16Array`,
 * onnxruntime insists on it, so raw half-precision bits are viewed as one.
 */
export function toOrt(tensor: Tensor): ort.Tensor {
  if (tensor.dataType !== 'float16') return new ort.Tensor(tensor.dataType, tensor.data, tensor.shape);
  const { data } = tensor;
  const Float16 = halfArray();
  const bits = Float16 === undefined ? data : new Float16(data.buffer, data.byteOffset, data.length);
  return new ort.Tensor('float16', bits as Uint16Array, tensor.shape);
}

/**
 * Views an onnxruntime result as one of our tensors, without copying it.
 *
 * @throws {UnpairError} when the element type is not one of ours (strings, 4-bit and unsigned 32/64-bit integers).
 */
export function fromOrt(name: string, value: ort.Tensor): Tensor {
  const dataType = dataTypeOf(value.type);
  if (dataType === undefined) {
    throw new UnpairError(
      'FAILED_PRECONDITION',
      `output "${name}" has element type ${value.type}, which is not supported`,
    );
  }
  const data = value.data as Exclude<ort.Tensor['data'], string[]>;
  const raw = dataType === 'float16' ? new Uint16Array(data.buffer, data.byteOffset, data.length) : data;
  return { dataType, shape: value.dims, data: raw } as Tensor;
}

function dataTypeOf(type: string): DataType | undefined {
  return Object.hasOwn(ELEMENT_ARRAYS, type) ? (type as DataType) : undefined;
}

type HalfArray = new (buffer: ArrayBufferLike, offset: number, length: number) => object;

/** The engine's `Float16Array`, where there is one (not in Node 20). */
function halfArray(): HalfArray | undefined {
  return (globalThis as { readonly Float16Array?: HalfArray }).Float16Array;
}
