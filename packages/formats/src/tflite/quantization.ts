import type { GraphBuilder, Tensor } from '@unpair/graph';
import { float32, int } from '@unpair/graph';

import type { FileTensor, Quantization } from './model-file.js';

/** Integers that images, activations and weights are quantized to. */
export type QuantizedType = 'int8' | 'uint8';

export function isQuantized(tensor: FileTensor): tensor is FileTensor & { readonly type: QuantizedType } {
  return tensor.type === 'int8' || tensor.type === 'uint8';
}

/** Integers without a scale stand for themselves, like the pixels of an image. */
export function quantizationOf(tensor: FileTensor): Quantization {
  return tensor.quantization ?? { scales: [1], zeroPoints: [0], axis: 0 };
}

/** What is added to signed integers where they are computed as unsigned ones. */
const TO_UNSIGNED = 128;

/**
 * The quantization of computed values, as unsigned integers: onnxruntime's integer kernels for x86 take no others, and
 * would leave a value with two readers in floats.
 */
export function unsigned(type: QuantizedType, quantization: Quantization): Quantization {
  if (type === 'uint8') return quantization;
  return { ...quantization, zeroPoints: quantization.zeroPoints.map((zero) => zero + TO_UNSIGNED) };
}

/** Real numbers as the nearest integers of one scale; ties go to even ones. */
export function quantize(
  build: GraphBuilder,
  value: string,
  type: QuantizedType,
  { scales: [scale = 1], zeroPoints }: Quantization,
): string {
  return build.node('QuantizeLinear', [
    value,
    build.initializer('scale', float32([], [scale])),
    build.initializer('zero_point', integersOf(type, [], zeroPoints)),
  ]);
}

/** Integers as real numbers; along an axis each index may have a scale of its own. */
export function dequantize(
  build: GraphBuilder,
  integers: string,
  type: QuantizedType | 'int32',
  { scales, zeroPoints, axis }: Quantization,
): string {
  const shape = scales.length === 1 ? [] : [scales.length];
  const parameters = [build.initializer('scale', float32(shape, scales))];
  // Runtimes want int32 without a zero point.
  if (type !== 'int32') parameters.push(build.initializer('zero_point', integersOf(type, shape, zeroPoints)));
  const attributes = scales.length === 1 ? {} : { axis: int(axis) };
  return build.node('DequantizeLinear', [integers, ...parameters], attributes);
}

function integersOf(type: QuantizedType, shape: readonly number[], values: readonly number[]): Tensor {
  return type === 'int8'
    ? { dataType: type, shape, data: Int8Array.from(values) }
    : { dataType: type, shape, data: Uint8Array.from(values) };
}
