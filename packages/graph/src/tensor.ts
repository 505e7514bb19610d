/** Element types that the graph language and both runtimes share, by their ONNX names. */
export type DataType =
  'float32' | 'float64' | 'float16' | 'int64' | 'int32' | 'int16' | 'int8' | 'uint16' | 'uint8' | 'bool';

/** How each element type is held in memory; `float16` holds raw bits and `bool` holds 0 or 1. */
export interface ArrayOf {
  readonly float32: Float32Array;
  readonly float64: Float64Array;
  readonly float16: Uint16Array;
  readonly int64: BigInt64Array;
  readonly int32: Int32Array;
  readonly int16: Int16Array;
  readonly int8: Int8Array;
  readonly uint16: Uint16Array;
  readonly uint8: Uint8Array;
  readonly bool: Uint8Array;
}

/** A dense row-major array; `data.length` is the product of `shape`. Never mutated once shared. */
export type Tensor<T extends DataType = DataType> = {
  [K in T]: { readonly dataType: K; readonly shape: readonly number[]; readonly data: ArrayOf[K] };
}[T];

/** Number of elements in a shape; the empty shape is a scalar and has one. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** A float32 tensor over `data`, which is taken over, not copied. */
export function float32(shape: readonly number[], data: Float32Array | readonly number[]): Tensor<'float32'> {
  const array = data instanceof Float32Array ? data : Float32Array.from(data);
  assertLength(shape, array.length);
  return { dataType: 'float32', shape, data: array };
}

/**
 * An int64 tensor, as ONNX wants for shapes, axes, bounds and indices. What is beyond 64 bits becomes the nearest that
 * is not: the number nearest to the largest integer, which means "to the end", is one too many.
 */
export function int64(shape: readonly number[], data: readonly (number | bigint)[]): Tensor<'int64'> {
  assertLength(shape, data.length);
  return { dataType: 'int64', shape, data: BigInt64Array.from(data, saturated) };
}

const LARGEST = 2n ** 63n - 1n;

function saturated(value: number | bigint): bigint {
  const integer = BigInt(value);
  return integer > LARGEST ? LARGEST : integer < -LARGEST - 1n ? -LARGEST - 1n : integer;
}

function assertLength(shape: readonly number[], length: number): void {
  if (sizeOf(shape) !== length) {
    throw new RangeError(
      `tensor of shape [${shape.join(', ')}] needs ${sizeOf(shape)} elements, got ${length}`,
    );
  }
}
