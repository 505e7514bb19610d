import type { Graph } from '@unpair/graph';
import { ModelError, dropIdentities, foldConstants } from '@unpair/graph';
import { choiceOf, numberOf } from '@unpair/parameters';
import type { FineTuneOptions, FineTuneSchedule } from '@unpair/training';
import { fineTune } from '@unpair/training';
import type { TensorRange } from '@unpair/training';
import {
  layOut,
  layoutSize,
  packTensors,
  trainedWeights,
  unpackTensors,
  withInitializers,
} from '@unpair/training';
import { sampleCount } from '@unpair/training';
import { pruneChannels } from './channels.js';
import { descentOf, descentParameters, trainNormalized } from '@unpair/training';
import { finetuneParameters, trainingDemand } from '@unpair/training';
import { PRUNING_SCOPES, magnitudePruning } from './magnitude.js';
import type { MagnitudePruning, PruningScope } from './magnitude.js';
import type { SiblingDefinition, SiblingRequest } from '@unpair/training';
import { teacherParameters, withTeacher } from '@unpair/training';

const PREFIX = 'finetune.';
const RATES = { sgd: 0.05, adam: 0.0005 } as const;
const STRUCTURES = ['weights', 'channels'] as const;

/**
 * Magnitude pruning (Han et al. 2015, arXiv 1506.02626), gradual while the model is fine-tuned, or removal of whole
 * channels, followed by fine-tuning.
 */
export const pruneSibling: SiblingDefinition<'prune'> = {
  name: 'prune',
  maker: 'publisher',
  rounding: 'refuses',
  description: 'Pruning by magnitude: of single weights, which become zeros, or of channels, which go.',
  parameters: {
    sparsity: {
      type: 'number',
      min: 0.01,
      max: 0.99,
      default: 0.8,
      description: 'Share of the weights that become zeros, or of the removable channels that go.',
    },
    structure: {
      type: 'choice',
      choices: STRUCTURES,
      default: 'weights',
      description: 'What is pruned: single weights, or whole channels, so that the model shrinks.',
    },
    scope: {
      type: 'choice',
      choices: PRUNING_SCOPES,
      default: 'lamp',
      description:
        'Whether the smallest are sought in each layer, over all, or over all relative to their layers.',
    },
    ...finetuneParameters(PREFIX, { epochs: 2, batch: 64, samples: 10_000 }),
    ...descentParameters(PREFIX, RATES),
    ...teacherParameters(PREFIX, 0),
  },
  trains: (parameters) => numberOf(parameters, `${PREFIX}epochs`) > 0,
  demand: (parameters) => trainingDemand(PREFIX, parameters),
  derive: pruneModel,
};

/**
 * Prunes a model and fine-tunes it.
 * @throws {ModelError} when there is nothing to prune, or the model cannot be differentiated
 * @throws {UnpairError} when the samples are too few, or fine-tuning collapses
 */
export async function pruneModel(request: SiblingRequest): Promise<Graph> {
  const { parameters } = request;
  const graph = dropIdentities(foldConstants(request.graph, { keepQuantized: true }));
  if (trainedWeights(graph).length === 0) throw nothingToPrune(graph);
  const sparsity = numberOf(parameters, 'sparsity');
  const scope = choiceOf(parameters, 'scope', PRUNING_SCOPES);
  const schedule = descentOf({ ...request, graph }, PREFIX, RATES);
  if (choiceOf(parameters, 'structure', STRUCTURES) === 'channels') {
    const smaller = pruneChannels(graph, sparsity, scope);
    if (schedule === undefined) return smaller;
    return tuned({ ...request, graph }, smaller, schedule);
  }
  return pruneWeights({ ...request, graph }, { sparsity, scope }, schedule);
}

async function pruneWeights(
  request: SiblingRequest,
  { sparsity, scope }: { readonly sparsity: number; readonly scope: PruningScope },
  schedule: FineTuneSchedule | undefined,
): Promise<Graph> {
  if (schedule === undefined) return prunedAtOnce(request.graph, { sparsity, scope, steps: 0 });
  const steps = schedule.epochs * Math.floor(sampleCount(request.samples) / schedule.batch);
  const pruning = { sparsity, scope, steps };
  const constraint = (weights: readonly TensorRange[]) => magnitudePruning(weights, pruning);
  return tuned(request, request.graph, schedule, constraint);
}

/** Fine-tunes what is left of the request's model, which teaches it where the parameters say so. */
function tuned(
  request: SiblingRequest,
  pruned: Graph,
  schedule: FineTuneSchedule,
  constraint?: FineTuneOptions['constraint'],
): Promise<Graph> {
  return withTeacher(request.graph, request, PREFIX, (steps) =>
    trainNormalized({ ...request, graph: pruned }, schedule, (graph) =>
      fineTune({ ...request, graph, schedule, ...steps, ...(constraint && { constraint }) }),
    ),
  );
}

function prunedAtOnce(graph: Graph, pruning: MagnitudePruning): Graph {
  const layout = layOut(graph, trainedWeights(graph));
  const weights = new Float32Array(layoutSize(layout));
  packTensors(layout, Object.fromEntries(graph.initializers), weights);
  magnitudePruning(layout, pruning).begin(weights);
  return withInitializers(graph, unpackTensors(layout, weights));
}

function nothingToPrune(graph: Graph): ModelError {
  const operators = [...new Set(graph.nodes.map(({ op }) => op))].join(', ');
  const isQuantized = graph.nodes.some(({ op }) => op === 'DequantizeLinear');
  const way = isQuantized
    ? 'it is quantized, so prune the model that it was made of, and quantize what comes out'
    : 'export it with its weights as float32 constants';
  return new ModelError(`model "${graph.name}" has no float32 weights to prune, only ${operators}; ${way}`);
}
