import { UnpairError } from '@unpair/errors';
import type { DataType, Tensor } from '@unpair/graph';
import { arrayOver, BYTES_PER_ELEMENT, float16Value, sizeOf } from '@unpair/graph';
import type { Device, DeviceTensor, DeviceType } from './device.js';
import { floatToHalf } from './half.js';

/** How each element type is held on the device. Narrow and wide integers are int32 there, all floats float32. */
const DEVICE_TYPES: Readonly<Record<DataType, DeviceType>> = {
  float32: 'float32',
  float64: 'float32',
  float16: 'float32',
  int64: 'int32',
  int32: 'int32',
  int16: 'int32',
  int8: 'int32',
  uint16: 'int32',
  uint8: 'int32',
  bool: 'bool',
};

/** What holds elements of an ONNX type on the device. */
export function deviceTypeOf(dataType: DataType): DeviceType {
  return DEVICE_TYPES[dataType];
}

/**
 * Copies a tensor to the device.
 * @throws {UnpairError} when an element is beyond what the device's type holds
 */
export function uploadTensor(device: Device, tensor: Tensor): DeviceTensor {
  const type = DEVICE_TYPES[tensor.dataType];
  return device.upload(arrayForDevice(tensor), tensor.shape, type);
}

function arrayForDevice(tensor: Tensor): Float32Array | Int32Array | Uint8Array {
  switch (tensor.dataType) {
    case 'float32':
    case 'int32':
    case 'bool':
      return tensor.data;
    case 'float64':
      return Float32Array.from(tensor.data, (value) =>
        checked(value, Number.isFinite(value) && !Number.isFinite(Math.fround(value)), 'float64', 'float32'),
      );
    case 'float16':
      return Float32Array.from(tensor.data, float16Value);
    case 'int64':
      return Int32Array.from(tensor.data, narrowed);
    default:
      return Int32Array.from(tensor.data);
  }
}

/** Bounds far beyond any size mean "to the end" or "to the start" (Slice) and stay far beyond it. */
const FAR = 2n ** 31n - 1n;

function narrowed(value: bigint): number {
  if (value >= 2n ** 62n) return Number(FAR);
  if (value <= -(2n ** 62n)) return Number(-FAR - 1n);
  return Number(checked(value, value > FAR || value < -FAR - 1n, 'int64', 'int32'));
}

function checked<T>(value: T, isBeyond: boolean, from: string, to: string): T {
  if (isBeyond) {
    throw new UnpairError(
      'FAILED_PRECONDITION',
      `the runtime tensorflow computes on ${from} values as ${to}, and ${String(value)} is beyond its range`,
    );
  }
  return value;
}

/** Copies a tensor from the device. Integers wrap to the range of their type, as they do in ONNX. */
export function downloadTensor(device: DeviceTensor, dataType: DataType, shape: readonly number[]): Tensor {
  const data = device.dataSync();
  switch (dataType) {
    case 'float32':
      return { dataType, shape, data: Float32Array.from(data) };
    case 'float16':
      return { dataType, shape, data: Uint16Array.from(data, floatToHalf) };
    case 'int64':
      return { dataType, shape, data: BigInt64Array.from(data as Int32Array, BigInt) };
    default: {
      const result = arrayOver(dataType, new ArrayBuffer(sizeOf(shape) * BYTES_PER_ELEMENT[dataType]));
      (result as Int32Array).set(data);
      return { dataType, shape, data: result } as Tensor;
    }
  }
}
