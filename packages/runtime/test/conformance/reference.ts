import type { Tensor } from '@unpair/graph';
import { float32, sizeOf } from '@unpair/graph';

/** A repeatable tensor of values in [-1, 1) that no two neighbouring elements share. */
export function pattern(shape: readonly number[], seed = 1): Tensor<'float32'> {
  let state = (seed * 2_654_435_761) >>> 0;
  const data = new Float32Array(sizeOf(shape)).map(() => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
  return float32(shape, data);
}

/** Applies `f` to every element. */
export function map(x: Tensor<'float32'>, f: (value: number) => number): Tensor<'float32'> {
  return float32(x.shape, x.data.map(f));
}

/** Combines two tensors of one shape element by element. */
export function zip(
  a: Tensor<'float32'>,
  b: Tensor<'float32'>,
  f: (x: number, y: number) => number,
): Tensor<'float32'> {
  return float32(
    a.shape,
    a.data.map((x, index) => f(x, b.data[index] ?? Number.NaN)),
  );
}

/** Rows [M,K] times columns [K,N], in double precision. */
export function matMul(a: Tensor<'float32'>, b: Tensor<'float32'>): Tensor<'float32'> {
  const [m = 0, k = 0] = a.shape;
  const n = b.shape[1] ?? 0;
  const out = new Float32Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += (a.data[i * k + p] ?? 0) * (b.data[p * n + j] ?? 0);
      out[i * n + j] = sum;
    }
  }
  return float32([m, n], out);
}

export interface ConvShape {
  readonly stride?: number;
  readonly pad?: number;
  readonly dilation?: number;
  readonly group?: number;
}

/** Cross-correlation of x [N,C,H,W] with w [O,C/group,kh,kw], by its definition, in double precision. */
export function conv(x: Tensor<'float32'>, w: Tensor<'float32'>, options: ConvShape = {}): Tensor<'float32'> {
  const { stride = 1, pad = 0, dilation = 1, group = 1 } = options;
  const [batch = 0, channels = 0, height = 0, width = 0] = x.shape;
  const [outputs = 0, perGroup = 0, kernelHeight = 0, kernelWidth = 0] = w.shape;
  const outHeight = Math.floor((height + 2 * pad - dilation * (kernelHeight - 1) - 1) / stride) + 1;
  const outWidth = Math.floor((width + 2 * pad - dilation * (kernelWidth - 1) - 1) / stride) + 1;
  const at = (n: number, c: number, i: number, j: number): number =>
    i < 0 || j < 0 || i >= height || j >= width
      ? 0
      : (x.data[((n * channels + c) * height + i) * width + j] ?? 0);
  const pixel = (n: number, o: number, i: number, j: number): number => {
    const first = Math.floor((o * group) / outputs) * perGroup;
    let sum = 0;
    for (let c = 0; c < perGroup; c++) {
      for (let p = 0; p < kernelHeight; p++) {
        for (let q = 0; q < kernelWidth; q++) {
          const weight = w.data[((o * perGroup + c) * kernelHeight + p) * kernelWidth + q] ?? 0;
          sum += weight * at(n, first + c, i * stride - pad + p * dilation, j * stride - pad + q * dilation);
        }
      }
    }
    return sum;
  };
  const out: number[] = [];
  for (let n = 0; n < batch; n++)
    for (let o = 0; o < outputs; o++)
      for (let i = 0; i < outHeight; i++) for (let j = 0; j < outWidth; j++) out.push(pixel(n, o, i, j));
  return float32([batch, outputs, outHeight, outWidth], out);
}

/** Reduces the two spatial axes of x [N,C,H,W] to one, giving [N,C,1,1]. */
export function overPixels(
  x: Tensor<'float32'>,
  f: (values: readonly number[]) => number,
): Tensor<'float32'> {
  const [batch = 0, channels = 0, height = 0, width = 0] = x.shape;
  const size = height * width;
  const out = Array.from({ length: batch * channels }, (_, plane) =>
    f([...x.data.subarray(plane * size, (plane + 1) * size)]),
  );
  return float32([batch, channels, 1, 1], out);
}

/** Applies `f` to every row of the last axis. */
export function overRows(
  x: Tensor<'float32'>,
  f: (row: readonly number[]) => readonly number[],
): Tensor<'float32'> {
  const width = x.shape.at(-1) ?? 1;
  const rows = Array.from({ length: x.data.length / width }, (_, row) =>
    f([...x.data.subarray(row * width, (row + 1) * width)]),
  );
  return float32(x.shape, rows.flat());
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
