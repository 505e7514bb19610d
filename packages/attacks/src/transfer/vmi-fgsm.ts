import type { Random } from '@unpair/numerics';
import { addScaled } from '@unpair/numerics';
import type { AttackDefinition, Problem } from '../attack.js';
import { momentumAscent, momentumParameters } from './momentum-ascent.js';
import { numberOf } from '@unpair/parameters';
import { goalGradient } from '../requests.js';
import { TRANSFERRED } from './transferred.js';

/**
 * MI-FGSM with variance tuning: each gradient is corrected by how the gradients around the previous point differed from
 * the one there, which averages out what is peculiar to the surrogate.
 */
export const vmiFgsm: AttackDefinition<'label'> = {
  name: 'vmi-fgsm',
  description: 'MI-FGSM whose gradients are tuned by those in the neighbourhood.',
  paper: 'Wang and He 2021, arXiv 2103.15571',
  ...TRANSFERRED,
  parameters: {
    ...momentumParameters,
    neighbours: {
      type: 'integer',
      min: 1,
      max: 1000,
      default: 20,
      description: 'Points drawn around each iterate.',
    },
    reach: {
      type: 'number',
      min: 0,
      max: 10,
      default: 1.5,
      description: 'How far they may lie in each pixel, as a share of epsilon (of epsilon / √n in l2).',
    },
  },
  *run(problem, parameters, random) {
    const count = numberOf(parameters, 'neighbours');
    const reach = numberOf(parameters, 'reach') * perPixel(problem);
    const size = problem.input.length;
    const variance = new Float32Array(size);
    yield* momentumAscent(problem, parameters, function* (point) {
      const own = (yield* goalGradient(problem, point)).gradients;
      const tuned = own.slice();
      addScaled(tuned, 1, variance);
      const { gradients } = yield* goalGradient(problem, neighboursOf(point, count, reach, random), count);
      variance.fill(0);
      for (let row = 0; row < count; row++) {
        addScaled(variance, 1 / count, gradients.subarray(row * size, (row + 1) * size));
      }
      addScaled(variance, -1, own);
      return tuned;
    });
  },
};

/** Epsilon as the change of one pixel: in l2 that of a change that is the same everywhere. */
function perPixel({ norm, epsilon, input }: Problem): number {
  return norm === 'linf' ? epsilon : epsilon / Math.sqrt(input.length);
}

/** `count` points, each pixel uniform within `reach` of the point's; they may leave [0, 1], as the authors' do. */
function neighboursOf(point: Float32Array, count: number, reach: number, random: Random): Float32Array {
  return Float32Array.from(
    { length: count * point.length },
    (_, i) => (point[i % point.length] ?? 0) + (2 * random.uniform() - 1) * reach,
  );
}
