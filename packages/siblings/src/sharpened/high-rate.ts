import type { Graph } from '@unpair/graph';
import { foldBatchNormalization, isQuantized, recoverQuantization, withFloatWeights } from '@unpair/graph';
import type { ParameterSpecs, Parameters } from '@unpair/parameters';
import { numberOf } from '@unpair/parameters';
import type { SampleDemand, SiblingDefinition, SiblingRequest } from '@unpair/training';
import {
  Trajectory,
  descentOf,
  descentParameters,
  fineTune,
  finetuneParameters,
  trainNormalized,
  trainingDemand,
} from '@unpair/training';
import type { ParameterMisfit } from '@unpair/training';

/** So high that training does not settle, and the model still classifies. */
const RATES = { sgd: 0.05, adam: 0.001 } as const;

/** The parameters of a walk at a high rate. */
export const HIGH_RATE_PARAMETERS: ParameterSpecs = {
  snapshots: {
    type: 'integer',
    min: 1,
    max: 100,
    default: 10,
    description: 'Models that are kept, at even distances along the training.',
  },
  ...finetuneParameters('', { epochs: 5, batch: 64, samples: 10_000 }),
  ...withoutFall(descentParameters('', RATES)),
};

/** What the walks at a high rate have in common as siblings. */
export const HIGH_RATE = {
  maker: 'attacker',
  trains: () => true,
  demand: (parameters: Parameters): SampleDemand => trainingDemand('', parameters),
  misfit: ({ epochs }: Parameters): ParameterMisfit | undefined =>
    epochs === 0 ? { parameter: 'epochs', description: 'must be at least 1, got 0' } : undefined,
} as const satisfies Partial<SiblingDefinition>;

/**
 * Models on the way of SGD at a constant high rate from the published one, on labelled images: none of the target is
 * asked for. Each classifies, and they have wider maxima in common than any of them (LGV, Gubri et al. 2022, arXiv 2207.13129). Of a quantized model
 * the floats behind its integers are taken, without rounding.
 * @throws {UnpairError} when training collapses, or the samples are too few
 */
export async function walkAtHighRate(request: SiblingRequest): Promise<readonly Graph[]> {
  const { parameters, samples, seed } = request;
  const graph = floatsOf(request.graph);
  const schedule = descentOf({ graph, parameters, seed, samples }, '', RATES);
  if (schedule === undefined) return [graph];
  const trajectory = new Trajectory(numberOf(parameters, 'snapshots'));
  const learningRate = { ...schedule.learningRate, isConstant: true };
  const options = { ...request, trajectory, schedule: { ...schedule, learningRate }, judge: 'end' } as const;
  await trainNormalized({ ...request, graph }, schedule, (normalized) =>
    fineTune({ ...options, graph: normalized }),
  );
  return trajectory.models.map(foldBatchNormalization);
}

/** The model in floats, rounding of activations left out where it is known how. */
function floatsOf(graph: Graph): Graph {
  if (!isQuantized(graph)) return graph;
  const floats = withFloatWeights(graph);
  try {
    return recoverQuantization(graph).graph;
  } catch {
    // Integers that are stored otherwise: activations stay rounded, which training passes.
    return floats;
  }
}

/** The rate of training elsewhere falls; here it stays. */
function withoutFall({ rate, ...others }: ParameterSpecs): ParameterSpecs {
  if (rate === undefined) return others;
  const { sgd, adam } = RATES;
  const description = `Learning rate, the same at every step. 0: ${sgd} with sgd, ${adam} with adam.`;
  return { ...others, rate: { ...rate, description } };
}
