import type { Graph, Tensor } from '@unpair/graph';
import { float32, joinMembers } from '@unpair/graph';
import type { Random } from '@unpair/numerics';
import { createRandom } from '@unpair/numerics';
import { numberOf } from '@unpair/parameters';
import type { SiblingDefinition, SiblingRequest } from '@unpair/training';
import { trainedWeights } from '@unpair/training';
import { HIGH_RATE, HIGH_RATE_PARAMETERS, walkAtHighRate } from './high-rate.js';

/**
 * More Bayesian surrogates (Li et al. 2023, arXiv 2302.05086): draws from a Gaussian over the weights, with mean and
 * variance of each weight along a walk at a high rate.
 */
export const mbaSibling: SiblingDefinition<'mba'> = {
  ...HIGH_RATE,
  name: 'mba',
  description:
    'An attacker’s surrogate: models drawn around the snapshots of a published one that is trained on.',
  parameters: {
    draws: { type: 'integer', min: 1, max: 100, default: 10, description: 'Models that are drawn.' },
    spread: {
      type: 'number',
      min: 0,
      max: 10,
      default: 1.5,
      description: 'Deviation of a drawn weight, as a multiple of its deviation along the training.',
    },
    ...HIGH_RATE_PARAMETERS,
  },
  derive: async (request) => joinMembers(request.graph.name, drawn(await walkAtHighRate(request), request)),
};

function drawn(walk: readonly Graph[], { parameters, seed }: SiblingRequest): readonly Graph[] {
  const [first] = walk;
  if (first === undefined) return [];
  const moments = trainedWeights(first).flatMap((name) => momentsOf(name, walk));
  const spread = numberOf(parameters, 'spread');
  return Array.from({ length: numberOf(parameters, 'draws') }, (_, sample) => {
    const random = createRandom({ seed, cell: 'draws around a walk', sample });
    const initializers = new Map<string, Tensor>(first.initializers);
    for (const moment of moments) initializers.set(moment.name, drawOf(moment, spread, random));
    return { ...first, initializers };
  });
}

/** Mean and deviation of each of a tensor's elements over the walk. */
interface WeightMoments {
  readonly name: string;
  readonly shape: readonly number[];
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
}

function momentsOf(name: string, walk: readonly Graph[]): readonly WeightMoments[] {
  const tensors = walk.flatMap(({ initializers }) => {
    const tensor = initializers.get(name);
    return tensor?.dataType === 'float32' ? [tensor] : [];
  });
  const [first] = tensors;
  if (first === undefined) return [];
  const overWalk = (of: (weight: number, at: number) => number): Float64Array =>
    Float64Array.from(first.data, (_, at) =>
      tensors.reduce((sum, { data }) => sum + of(data[at] ?? 0, at) / tensors.length, 0),
    );
  const mean = overWalk((weight) => weight);
  const variance = overWalk((weight, at) => (weight - (mean[at] ?? 0)) ** 2);
  return [{ name, shape: first.shape, mean, deviation: variance.map(Math.sqrt) }];
}

function drawOf({ shape, mean, deviation }: WeightMoments, spread: number, random: Random): Tensor {
  const draw = new Float32Array(mean.length);
  random.fillNormal(draw);
  const weights = draw.map((normal, at) => (mean[at] ?? 0) + spread * (deviation[at] ?? 0) * normal);
  return float32(shape, weights);
}
