import { numberOf } from '@unpair/parameters';
import { copiesOf } from './blocks.js';
import { perPixel } from './part.js';
import { cosineTransform, separable, transposed } from './separable.js';
import type { Shape, Transform } from './transform.js';
import { transformed } from './transform.js';

/** Scaled copies (SI, Lin et al. 2020, arXiv 1908.06281): the image divided by 1, 2, 4, …. */
export const scales = transformed(
  {
    scales: {
      type: 'integer',
      min: 1,
      max: 20,
      default: 5,
      description: 'Copies of the image, each half as bright as the one before.',
    },
  },
  ({ parameters }) =>
    Array.from({ length: numberOf(parameters, 'scales') }, (_, i) => {
      const scaled = (values: Float32Array): Float32Array => values.map((value) => value / 2 ** i);
      return { apply: scaled, transpose: scaled };
    }),
);

/**
 * Spectrum simulation (SSA, Long et al. 2022, arXiv 2207.05382): noisy copies whose frequencies are each made stronger or
 * weaker by chance.
 */
export const spectrum = transformed(
  {
    copies: copiesOf(20),
    spread: {
      type: 'number',
      min: 0,
      max: 1,
      default: 0.5,
      description: 'How much a frequency is strengthened or weakened at most.',
    },
  },
  ({ problem, parameters, random }) => {
    const { shape, epsilon, input } = problem;
    const noise = perPixel(epsilon, problem);
    const spread = numberOf(parameters, 'spread');
    return Array.from({ length: numberOf(parameters, 'copies') }, () => {
      const moved = new Float32Array(input.length);
      random.fillNormal(moved);
      const mask = input.map(() => 1 + (2 * random.uniform() - 1) * spread);
      return throughSpectrum(
        moved.map((value) => value * noise),
        mask,
        shape,
      );
    });
  },
);

/** image → D⁻¹ (mask ∘ D (image + noise)), D the discrete cosine transform of each channel both ways. */
export function throughSpectrum(noise: Float32Array, mask: Float32Array, shape: Shape): Transform {
  const [rows, columns] = [cosineTransform(shape[1]), cosineTransform(shape[2])];
  const masked = (image: Float32Array): Float32Array => {
    const frequencies = separable(image, shape, rows, columns).map((value, i) => value * (mask[i] ?? 0));
    return separable(frequencies, shape, transposed(rows), transposed(columns));
  };
  return { apply: (image) => masked(image.map((value, i) => value + (noise[i] ?? 0))), transpose: masked };
}
