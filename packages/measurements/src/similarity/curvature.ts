import type { DifferentiableClassifier, Sample } from '@unpair/classifiers';
import type { BatchOptions } from '@unpair/classifiers';
import type { SampleGradient } from '@unpair/classifiers';
import { gradientsOfBatch } from '@unpair/classifiers';
import { addScaled, distance, isOutsidePixels, norm, toPixel } from '@unpair/numerics';

/** Length of the finite difference: one grey level a pixel, root mean square. */
const STEP = 1 / 255;

/**
 * Curvature of the loss along its own gradient, by a finite difference of length h: ‖∇L(x + h·u) − ∇L(x)‖ / h with
 * u = ∇L(x)/‖∇L(x)‖ and h = √n/255, one number a sample (Moosavi-Dezfooli et al. 2019, arXiv 1811.09716, who measure it
 * along the sign). It estimates ‖H·u‖ of the Hessian H: the local smoothness that transfer depends on (arXiv
 * 2307.07873). 0 where the gradient vanishes. The point ahead may lie outside [0, 1]; where the model has no gradient
 * there, it is moved to the border, and h is what is left.
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
  const ahead = await gradientsAhead(models, probes, options);
  return ahead.map(({ gradient, input }, row) => {
    const difference = gradient.slice();
    addScaled(difference, -1, gradients[row]?.gradient ?? difference);
    const length = input === probes[row]?.input ? step : distance(input, samples[row]?.input ?? input).l2;
    return length === 0 ? 0 : norm(difference) / length;
  });
}

/** A gradient, and where it was taken. */
interface Ahead extends Pick<SampleGradient, 'gradient'> {
  readonly input: Float32Array;
}

/** Gradients at probes; of those outside [0, 1] at which the model has none, at the nearest point inside. */
async function gradientsAhead(
  models: readonly DifferentiableClassifier[],
  probes: readonly Sample[],
  options: Pick<BatchOptions, 'signal'>,
): Promise<readonly Ahead[]> {
  const first = await gradientsOfBatch(models, probes, options);
  const ahead = probes.map(({ input }, row): Ahead => ({ gradient: first[row]?.gradient ?? input, input }));
  const outside = [...probes.keys()].filter(
    (row) => (first[row]?.invalid ?? 0) > 0 && probes[row]?.input.some(isOutsidePixels),
  );
  const clipped = outside.flatMap((row) => probes.slice(row, row + 1).map(clippedToPixels));
  const again = clipped.length === 0 ? [] : await gradientsOfBatch(models, clipped, options);
  outside.forEach((row, i) => {
    const [answer, probe] = [again[i], clipped[i]];
    if (answer !== undefined && probe !== undefined) {
      ahead[row] = { gradient: answer.gradient, input: probe.input };
    }
  });
  return ahead;
}

function clippedToPixels(sample: Sample): Sample {
  return { ...sample, input: sample.input.map(toPixel) };
}
