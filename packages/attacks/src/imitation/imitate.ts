import type { Graph, Tensors } from '@unpair/graph';
import { ModelError, TEACHER_LOGITS, float32, withFloatWeights } from '@unpair/graph';
import { numberOf } from '@unpair/parameters';
import type { Classifier } from '@unpair/classifiers';
import { argmax, createClassifier } from '@unpair/classifiers';
import { UnpairError } from '@unpair/errors';
import { QueryAccount, told } from '../oracle.js';
import type { ShardBatch } from '@unpair/training';
import { fineTune } from '@unpair/training';
import { trainedWeights } from '@unpair/training';
import type { TrainingSamples } from '@unpair/training';
import { firstImages, firstSamples, sampleCount } from '@unpair/training';
import { buildTrainingStep } from '@unpair/training';
import { descentOf, descentParameters, trainNormalized } from '@unpair/training';
import { finetuneParameters, trainingDemand } from '@unpair/training';
import type { SiblingDefinition, SiblingRequest } from '@unpair/training';
import { TEMPERATURE } from '@unpair/training';

const RATES = { sgd: 0.05, adam: 0.0003 } as const;
/** Images that the target answers at a time; its answers do not depend on it. */
const BATCH = 64;

/**
 * Queries, and epochs over them that come to as many steps; each at the default rate and at a lower one. Shallow networks
 * are turned back by the first, deep ones lose by it what they had learnt.
 */
const TRIES: SiblingDefinition['tries'] = [
  { name: 'imitated-1000', parameters: { queries: 1000, epochs: 30 } },
  { name: 'imitated-1000-rate-0.01', parameters: { queries: 1000, epochs: 30, rate: 0.01 } },
  { name: 'imitated-10000', parameters: { queries: 10_000, epochs: 3 } },
  { name: 'imitated-10000-rate-0.01', parameters: { queries: 10_000, epochs: 3, rate: 0.01 } },
];

/** An attacker who fine-tunes a published sibling back toward the target, with answers that the target was asked for. */
export const imitateSibling: SiblingDefinition<'imitate'> = {
  name: 'imitate',
  rounding: 'keeps',
  description:
    'An attacker’s copy: a published model, fine-tuned on answers that the full model was asked for.',
  maker: 'attacker',
  relation: 'imitates',
  budget: 'queries',
  tries: TRIES,
  parameters: {
    queries: {
      type: 'integer',
      min: 1,
      default: 10_000,
      description: 'Training images, from the first, that the full model is asked for its answer, once each.',
    },
    temperature: TEMPERATURE,
    ...trainingParameters(),
  },
  trains: (parameters) => numberOf(parameters, 'epochs') > 0,
  demand: (parameters) => {
    const { wanted } = trainingDemand('', { ...parameters, samples: numberOf(parameters, 'queries') });
    return { needed: 0, parameter: 'queries', wanted: wanted === 0 ? 0 : numberOf(parameters, 'queries') };
  },
  derive: imitateModel,
};

/**
 * Fine-tunes a published model to answer like `target`, on the answers to the first `queries` training images: all that
 * it is told of the target: no label of the data set is looked at. Each image is asked once and unchanged; where training shifts or mirrors
 * it, the answer stays that of the image as it was, so that augmentation adds no queries. Quantized weights become
 * floats: an attacker need not publish what comes out. Answers are taken for probabilities at a temperature, to which
 * logits and probabilities at temperature 1 are equivalent.
 * @throws {ModelError} when the model has no weights to train
 * @throws {UnpairError} without a target, or when training collapses
 */
export async function imitateModel(request: SiblingRequest): Promise<Graph> {
  const { parameters, samples, seed } = request;
  const asked = firstSamples(samples, numberOf(parameters, 'queries'));
  const graph = withFloatWeights(request.graph);
  const schedule = descentOf({ graph, parameters, seed, samples: asked }, '', RATES);
  if (schedule === undefined) return request.graph;
  if (trainedWeights(graph).length === 0) {
    throw new ModelError(
      `model "${graph.name}" has no weights to fine-tune; give one with Conv, Gemm or MatMul`,
    );
  }
  const answers = await answersTo(asked, request);
  const distillation = { temperature: numberOf(parameters, 'temperature'), alpha: 1 };
  const options = {
    ...request,
    samples: { ...asked, labels: answers.labels },
    schedule: { ...schedule, batch: Math.min(schedule.batch, sampleCount(asked)) },
    buildStep: (model: Graph, shard: number) => buildTrainingStep(model, shard, { distillation }),
    feeds: (batch: ShardBatch) => Promise.resolve(taughtBy(batch, answers)),
    // A copy that has learnt little of a model which answers quite otherwise is a weak attacker's, not a failure.
    judge: 'never',
  } as const;
  return trainNormalized({ ...options, graph }, schedule, (normalized) =>
    fineTune({ ...options, graph: normalized }),
  );
}

/** What the target said of every image. */
interface Answers {
  /** [N, classes] */
  readonly logits: Float32Array;
  readonly classes: number;
  /** The classes that it sees in them, [N]. */
  readonly labels: Int32Array;
}

/** What the target says of the images, as much of it as it tells who asks. */
async function answersTo(samples: TrainingSamples, request: SiblingRequest): Promise<Answers> {
  const { target, asked, runtime, threads } = request;
  if (asked !== undefined) return ask(asked, samples, request);
  if (target === undefined) throw new UnpairError('INVALID_ARGUMENT', 'imitating needs a model to imitate');
  const classifier = await createClassifier({
    graph: target,
    runtime,
    images: samples.shape,
    ...(threads !== undefined && { threads }),
  });
  try {
    return await ask(classifier, samples, request);
  } finally {
    await classifier.close();
  }
}

/** Asks the target once for each image, as far as the account goes. */
async function ask(
  target: Pick<Classifier, 'classes' | 'logits'>,
  samples: TrainingSamples,
  { parameters, onQueries, signal }: SiblingRequest,
): Promise<Answers> {
  const account = new QueryAccount(numberOf(parameters, 'queries'));
  const count = sampleCount(samples);
  const { classes } = target;
  const asking = told(target, onQueries);
  const logits = new Float32Array(count * classes);
  for (let first = 0; first < count; first += BATCH) {
    signal?.throwIfAborted();
    const asked = account.grant(Math.min(BATCH, count - first));
    const answers = await answersOf(asking, samples, first, asked);
    logits.set(answers, first * classes);
  }
  const labels = Int32Array.from({ length: count }, (_, row) => argmax(logits, row * classes, classes));
  const image = labels.indexOf(-1);
  if (image < 0) return { logits, classes, labels };
  throw new UnpairError('INVALID_ARGUMENT', `the model to imitate answers training image ${image} with NaN`);
}

function answersOf(
  target: Pick<Classifier, 'logits'>,
  samples: TrainingSamples,
  first: number,
  count: number,
): Promise<Float32Array> {
  const size = samples.shape.reduce((product, dim) => product * dim, 1);
  const images = samples.images.subarray(first * size, (first + count) * size);
  return target.logits(firstImages({ ...samples, images }, count), count);
}

function taughtBy({ indices }: ShardBatch, { logits, classes }: Answers): Tensors {
  const rows = new Float32Array(indices.length * classes);
  indices.forEach((sample, row) => {
    rows.set(logits.subarray(sample * classes, (sample + 1) * classes), row * classes);
  });
  return { [TEACHER_LOGITS]: float32([indices.length, classes], rows) };
}

/** Those of every training but `samples`: queries say which. */
function trainingParameters(): SiblingDefinition['parameters'] {
  const all = {
    ...finetuneParameters('', { epochs: 3, batch: 64, samples: 1 }),
    ...descentParameters('', RATES),
  };
  return Object.fromEntries(Object.entries(all).filter(([name]) => name !== 'samples'));
}
