import type { Tensor } from '@unpair/graph';
import { float32 } from '@unpair/graph';

/** Added to the squares of a Gram matrix before its norm is taken. */
const TINY = 1e-12;

/**
 * Gram matrix [samples, samples] of features [samples, width] around their mean, divided by its norm: what the term
 * `feature-alignment` compares with.
 */
export function normalizedGram(features: Float32Array, samples: number): Tensor<'float32'> {
  const width = features.length / samples;
  const centred = Float64Array.from(features);
  for (let column = 0; column < width; column++) {
    let sum = 0;
    for (let at = column; at < centred.length; at += width) sum += centred[at] ?? 0;
    for (let at = column; at < centred.length; at += width) centred[at] = (centred[at] ?? 0) - sum / samples;
  }
  const gram = new Float64Array(samples * samples);
  for (let i = 0; i < samples; i++) {
    for (let j = 0; j <= i; j++) {
      let product = 0;
      for (let k = 0; k < width; k++)
        product += (centred[i * width + k] ?? 0) * (centred[j * width + k] ?? 0);
      gram[i * samples + j] = product;
      gram[j * samples + i] = product;
    }
  }
  const norm = Math.sqrt(gram.reduce((sum, value) => sum + value * value, TINY));
  return float32(
    [samples, samples],
    Float32Array.from(gram, (value) => value / norm),
  );
}
