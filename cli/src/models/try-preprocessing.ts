import type { SampleSet } from '@unpair/datasets';
import { UnpairError } from '@unpair/errors';
import type { ModelOptions } from '@unpair/graph';
import { nearChance } from '@unpair/measurements';

import type { Progress } from '../terminal/progress.js';
import { misfitOf } from './misfit.js';
import type { PredictOptions } from './predict.js';
import { countRight, predict } from './predict.js';
import { readModel } from './read-model.js';

/** A way of giving images to a model. */
interface Candidate {
  /** What people call it. */
  readonly name: string;
  readonly options: ModelOptions;
  /** Whether it is for images of three channels alone. */
  readonly isColor: boolean;
}

const CANDIDATES: readonly Candidate[] = [
  { name: 'pixels in [0, 1]', options: {}, isColor: false },
  { name: 'pixels in [0, 255]', options: { preprocessing: { range: [0, 255] } }, isColor: false },
  { name: 'pixels in [-1, 1]', options: { preprocessing: { range: [-1, 1] } }, isColor: false },
  {
    name: 'ImageNet’s mean and deviation, as in torchvision',
    options: { preprocessing: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } },
    isColor: true,
  },
  {
    name: 'CIFAR-10’s mean and deviation',
    options: { preprocessing: { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] } },
    isColor: true,
  },
  {
    name: 'BGR with ImageNet’s mean, as in Caffe and some of Keras',
    options: { preprocessing: { range: [0, 255], channels: 'bgr', mean: [103.939, 116.779, 123.68] } },
    isColor: true,
  },
];

/** How a model did with one way of being given images. */
export interface Trial {
  readonly name: string;
  readonly options: ModelOptions;
  readonly correct: number;
  readonly samples: number;
  /** Why it does hardly better than guessing, as a phrase behind its name; absent where it classifies. */
  readonly problem?: string;
}

/**
 * How a model does with each usual preprocessing, or with what the user says alone, the best first; of equals the simpler.
 * @param given what the user says of the file; `undefined` where nothing
 * @throws {UnpairError} when the file cannot be read, or classifies no such images
 */
export async function tryPreprocessing(
  path: string,
  samples: SampleSet,
  { given, ...options }: PredictOptions & { readonly given: ModelOptions | undefined },
): Promise<readonly [Trial, ...Trial[]]> {
  const own: Candidate = { name: 'what was said', options: given ?? {}, isColor: false };
  const fitting = CANDIDATES.filter(({ isColor }) => !isColor || samples.shape[0] === 3);
  const [first = own, ...rest] = given === undefined ? fitting : [own];
  const { progress } = options;
  const attempt = (candidate: Candidate, at: number): Promise<Trial> => {
    const label = `trying how ${path} takes images`;
    progress.update({ label, fraction: at / (rest.length + 1), detail: candidate.name });
    return tryOne(path, samples, candidate, { ...options, progress: SILENT });
  };
  try {
    const trials: [Trial, ...Trial[]] = [await attempt(first, 0)];
    for (const [at, candidate] of rest.entries()) trials.push(await attempt(candidate, at + 1));
    return trials.sort((a, b) => b.correct - a.correct);
  } finally {
    progress.end();
  }
}

/** The steps within a trial are too short to be shown. */
const SILENT: Progress = { update: () => undefined, end: () => undefined };

async function tryOne(
  path: string,
  samples: SampleSet,
  { name, options }: Candidate,
  running: PredictOptions,
): Promise<Trial> {
  const { graph } = await readModel(path, options, samples.shape);
  const misfit = misfitOf(graph, samples);
  if (misfit !== undefined) throw new UnpairError('INVALID_ARGUMENT', `${path} ${misfit}`);
  const rows = await predict(graph, samples, running);
  const problem = nearChance(rows);
  return {
    name,
    options,
    correct: countRight(rows),
    samples: samples.count,
    ...(problem !== undefined && { problem }),
  };
}
