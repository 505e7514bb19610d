import { UnpairError } from '@unpair/errors';
import { norm as euclidean, toPixel } from '@unpair/numerics';
import { numberOf } from '@unpair/parameters';
import { stepSizeOf } from '../transfer/iterative.js';
import { sharedPerturbation } from './shared.js';

/** The same small change of every image. */
const universal = sharedPerturbation({
  name: 'universal',
  description: 'One perturbation for all images, trained on the surrogate.',
  paper: 'Moosavi-Dezfooli et al. 2017, arXiv 1610.08401; Shafahi et al. 2020, arXiv 1811.11304',
  parameters: {
    stepSize: stepSizeOf(1 / 8, 'epsilon / 8', 'Length of a step in the norm of the threat.'),
  },
  start: ({ target: { shape } }) => new Float32Array(shape[0] * shape[1] * shape[2]),
  step: (perturbation, gradient, { parameters, threat: { norm, epsilon } }) => {
    const size = numberOf(parameters, 'stepSize');
    const length = norm === 'l2' ? euclidean(gradient) || 1 : 1;
    for (let i = 0; i < perturbation.length; i++) {
      const own = gradient[i] ?? 0;
      const moved = (perturbation[i] ?? 0) + size * (norm === 'l2' ? own / length : Math.sign(own));
      perturbation[i] = norm === 'l2' ? moved : Math.min(epsilon, Math.max(-epsilon, moved));
    }
    const most = norm === 'l2' ? epsilon / Math.max(epsilon, euclidean(perturbation)) : 1;
    if (most < 1)
      for (let i = 0; i < perturbation.length; i++) perturbation[i] = (perturbation[i] ?? 0) * most;
  },
  place: (perturbation, image) => ({
    image: image.map((value, i) => toPixel(value + (perturbation[i] ?? 0))),
    gather: (gradient, sum) => {
      for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (gradient[i] ?? 0);
    },
  }),
});

/** A square that may be of any pixels, at a place of its own in each image: the ball is all of them, on the square. */
const patch = sharedPerturbation({
  name: 'patch',
  description: 'A square of any pixels at a random place of each image, trained on the surrogate.',
  paper: 'Brown et al. 2017, arXiv 1712.09665',
  ball: { norm: 'linf', epsilon: 1 },
  parameters: {
    side: { type: 'integer', min: 1, max: 4096, default: 8, description: 'Pixels of a side of the square.' },
    stepSize: { type: 'pixels', default: 8 / 255, description: 'What a step changes of each pixel.' },
  },
  start: ({ parameters, target: { shape } }, random) => {
    const [channels, height, width] = shape;
    const side = numberOf(parameters, 'side');
    if (side > Math.min(height, width)) {
      const most = Math.min(height, width);
      throw new UnpairError('INVALID_ARGUMENT', `patch: side must be at most ${most}, got ${side}`);
    }
    return new Float32Array(channels * side * side).map(() => random.uniform());
  },
  step: (perturbation, gradient, { parameters }) => {
    const size = numberOf(parameters, 'stepSize');
    for (let i = 0; i < perturbation.length; i++)
      perturbation[i] = toPixel((perturbation[i] ?? 0) + size * Math.sign(gradient[i] ?? 0));
  },
  place: (perturbation, image, [channels, height, width], random) => {
    const side = Math.round(Math.sqrt(perturbation.length / channels));
    const [top, left] = [random.integer(height - side + 1), random.integer(width - side + 1)];
    const pixels = squareAt({ channels, height, width, side, top, left });
    const patched = image.slice();
    pixels.forEach((at, i) => (patched[at] = perturbation[i] ?? 0));
    return {
      image: patched,
      gather: (gradient, sum) => {
        pixels.forEach((at, i) => (sum[i] = (sum[i] ?? 0) + (gradient[at] ?? 0)));
      },
    };
  },
});

/** Perturbations that are the same for all images. */
export const perturbations = [universal, patch] as const;

interface Square {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly side: number;
  readonly top: number;
  readonly left: number;
}

/** Where the values of a square [C, side, side] stand in an image [C, H, W]. */
function squareAt({ channels, height, width, side, top, left }: Square): Int32Array {
  return Int32Array.from({ length: channels * side * side }, (_, i) => {
    const [channel, rest] = [Math.floor(i / (side * side)), i % (side * side)];
    return (channel * height + top + Math.floor(rest / side)) * width + left + (rest % side);
  });
}
