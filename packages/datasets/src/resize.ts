/** Weights of the source's pixels in one pixel of the result. */
interface Kernel {
  readonly first: number;
  readonly weights: readonly number[];
}

/**
 * Resizes an image [H, W, 4] to `size` × `size` with a triangular (bilinear) filter, which is widened when the image
 * shrinks so that every pixel counts, as Pillow does. Sides of different length are stretched alike.
 */
export function resizeRgba(
  rgba: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
  size: number,
): Uint8Array {
  const rows = alongAxis(rgba, { outer: height, from: width, inner: 4 }, size);
  const both = alongAxis(rows, { outer: 1, from: height, inner: size * 4 }, size);
  return Uint8Array.from(both, (value) => Math.min(255, Math.max(0, Math.round(value))));
}

/** Resizes the middle axis of [outer, from, inner]. */
function alongAxis(
  data: ArrayLike<number>,
  { outer, from, inner }: { readonly outer: number; readonly from: number; readonly inner: number },
  to: number,
): Float64Array {
  const kernels = kernelsOf(from, to);
  const out = new Float64Array(outer * to * inner);
  for (let o = 0; o < outer; o++) {
    kernels.forEach(({ first, weights }, i) => {
      const start = (o * to + i) * inner;
      weights.forEach((weight, k) => {
        const source = (o * from + first + k) * inner;
        for (let j = 0; j < inner; j++)
          out[start + j] = (out[start + j] ?? 0) + weight * (data[source + j] ?? 0);
      });
    });
  }
  return out;
}

function kernelsOf(from: number, to: number): readonly Kernel[] {
  const ratio = from / to;
  const reach = Math.max(1, ratio);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * ratio;
    const first = Math.max(0, Math.round(centre - reach));
    const end = Math.min(from, Math.round(centre + reach));
    const raw = Array.from({ length: end - first }, (__, k) =>
      Math.max(0, 1 - Math.abs(first + k + 0.5 - centre) / reach),
    );
    const sum = raw.reduce((total, weight) => total + weight, 0);
    return { first, weights: raw.map((weight) => weight / sum) };
  });
}
