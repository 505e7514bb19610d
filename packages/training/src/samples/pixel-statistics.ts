/** Mean and standard deviation of each channel, in the [0, 1] range. */
export interface PixelStatistics {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/**
 * Measures images [N,C,H,W] of bytes 0–255 or floats in [0, 1].
 *
 * @param shape [C,H,W] of one image
 */
export function pixelStatistics(
  images: Uint8Array | Float32Array,
  [channels, height, width]: readonly [number, number, number],
): PixelStatistics {
  const scale = images instanceof Uint8Array ? 255 : 1;
  const plane = height * width;
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  for (let first = 0; first < images.length; first += plane) {
    const channel = (first / plane) % channels;
    let sum = 0;
    let square = 0;
    for (let index = first; index < first + plane; index++) {
      const value = images[index] ?? 0;
      sum += value;
      square += value * value;
    }
    sums[channel] = (sums[channel] ?? 0) + sum;
    squares[channel] = (squares[channel] ?? 0) + square;
  }
  const count = images.length / channels;
  const mean = Array.from(sums, (sum) => sum / count);
  const deviation = Array.from(squares, (square, channel) =>
    Math.sqrt(Math.max(square / count - (mean[channel] ?? 0) ** 2, 1e-12)),
  );
  return { mean: mean.map((value) => value / scale), deviation: deviation.map((value) => value / scale) };
}
