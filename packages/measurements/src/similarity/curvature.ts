import type { DifferentiableClassifier, Sample } from '@unpair/classifiers';
import type { BatchOptions } from '@unpair/classifiers';
import type { SampleGradient } from '@unpair/classifiers';
import { gradientsOfBatch } from '@unpair/classifiers';
import { addScaled, norm } from '@unpair/numerics';

/** Length of the finite difference: one grey level a pixel, root mean square. */
const STEP = 1 / 255;

/**
 * Curvature of the loss along its own gradient, by a finite difference of length h: ‖∇L(x + h·u) − ∇L(x)‖ / h with
 * u = ∇L(x)/‖∇L(x)‖ and h = √n/255, one number a sample (Moosavi-Dezfooli et al. 2019, arXiv 1811.09716, who measure it
 * along the sign). It estimates ‖H·u‖ of the Hessian H: the local smoothness that transfer depends on (arXiv
 * 2307.07873). 0 where the gradient vanishes.
 *
 * @param gradients those at the samples
 * @throws the signal's reason once it is aborted
 */
export async function curvatures(
  models: readonly DifferentiableClassifier[],
  samples: readonly Sample[],
  gradients: readonly SampleGradient[],
  options: Pick<BatchOptions, 'signal'>,
): Promise<readonly number[]> {
  const step = STEP * Math.sqrt(samples[0]?.input.length ?? 0);
  const probes = samples.map((sample, row) => {
    const gradient = gradients[row]?.gradient ?? new Float32Array(sample.input.length);
    const length = norm(gradient);
    const input = sample.input.slice();
    if (length > 0) addScaled(input, step / length, gradient);
    return { ...sample, input };
  });
  const ahead = await gradientsOfBatch(models, probes, options);
  return ahead.map(({ gradient }, row) => {
    const difference = gradient.slice();
    addScaled(difference, -1, gradients[row]?.gradient ?? difference);
    return norm(difference) / step;
  });
}
