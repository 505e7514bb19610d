import type { Graph } from '@unpair/graph';
import {
  ModelError,
  dropIdentities,
  foldBatchNormalization,
  foldConstants,
  interpolateWeights,
  isQuantized,
} from '@unpair/graph';
import { numberOf } from '@unpair/parameters';
import { UnpairError } from '@unpair/errors';
import type { SiblingDefinition, SiblingRequest } from '@unpair/training';

/**
 * The weights of a fine-tuned model, moved back part of the way toward those that it was fine-tuned from (Wortsman et
 * al. 2022, arXiv 2109.01903): accuracy comes back sooner than likeness.
 */
export const interpolateSibling: SiblingDefinition<'interpolate'> = {
  name: 'interpolate',
  rounding: 'refuses',
  description: 'A fine-tuned model with its weights part of the way back to those of the full one.',
  maker: 'publisher',
  relation: 'mixed-with',
  parameters: {
    share: {
      type: 'number',
      min: 0,
      max: 1,
      default: 0.1,
      description: 'Share of each weight that is the full model’s.',
    },
  },
  demand: () => ({ needed: 0, parameter: 'share', wanted: 0 }),
  derive: (request) => Promise.resolve().then(() => interpolateModel(request)),
};

/**
 * Mixes the weights of a model and of `target`; the model itself where the share is 0. Batch normalization is folded
 * first, since fine-tuning may have folded it in one of the two.
 * @throws {ModelError} when they are quantized, or not the same network
 * @throws {UnpairError} without a target
 */
function interpolateModel({ graph, target, parameters }: SiblingRequest): Graph {
  if (target === undefined)
    throw new UnpairError('INVALID_ARGUMENT', 'interpolating needs a model to mix with');
  const share = numberOf(parameters, 'share');
  if (share === 0) return graph;
  const [own, theirs] = [folded(graph), folded(target)];
  return interpolateWeights(own, theirs, share);
}

function folded(graph: Graph): Graph {
  if (!isQuantized(graph)) return foldBatchNormalization(dropIdentities(foldConstants(graph)));
  throw new ModelError(
    `model "${graph.name}" is quantized, and rounded weights cannot be mixed; ` +
      'interpolate the model that it was made of, and quantize what comes out',
  );
}
