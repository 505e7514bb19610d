import { availableParallelism } from 'node:os';
import { basename, dirname, extname, relative, resolve } from 'node:path';

import type { SampleSet } from '@unpair/datasets';
import { listDatasets, loadDataset, namedDataset } from '@unpair/datasets';
import { UnpairError } from '@unpair/errors';

import type { DeviceOptions } from '../commands/device-options.js';
import { requestedDevice } from '../commands/device-options.js';
import type { ModelFlags } from '../commands/model-options.js';
import { modelOptionsOf, saysAnything } from '../commands/model-options.js';
import type { CommandContext } from '../context.js';
import { firstSamples } from '../models/first-samples.js';
import { misfitOf } from '../models/misfit.js';
import { readModel } from '../models/read-model.js';
import type { Trial } from '../models/try-preprocessing.js';
import { tryPreprocessing } from '../models/try-preprocessing.js';
import type { FoundModel, NewDataset } from './new-campaign.js';
import { rivalText } from './new-campaign.js';

/** What a command that writes a campaign file is told of models and images. */
export interface FindOptions extends DeviceOptions, ModelFlags {
  readonly dataset?: string;
  readonly size?: number;
  readonly samples: number;
}

/** The models and images of a campaign file that is to be written. */
export interface Findings {
  readonly dataset: NewDataset;
  /** Shape of an image: [C, H, W]. */
  readonly shape: readonly [number, number, number];
  readonly models: readonly FoundModel[];
  /** Whether training samples are apart from those that are attacked. */
  readonly isDivided: boolean;
}

/** Samples on which each preprocessing is tried. */
const TRIED = 100;
/** Share of them by which one preprocessing may do worse than another, before it is told apart from it. */
const CLOSE = 0.05;

/**
 * Loads the images, by default those of the one fetched data set that fits, and tries how each model takes them. Says of
 * each how it did.
 * @param file the campaign file, to which paths become relative
 * @throws {UnpairError} when a file cannot be read, or no images fit
 */
export async function findModels(
  paths: readonly string[],
  file: string,
  options: FindOptions,
  context: CommandContext,
): Promise<Findings> {
  const [model = ''] = paths;
  const source = options.dataset ?? (await fittingDataset(model, context));
  const set = await loadDataset(source, 'test', { dataDir: context.dataDir, size: options.size });
  const samples = Math.min(options.samples, set.count);
  const tried = firstSamples(set, 'test', Math.min(samples, TRIED));
  const models: FoundModel[] = [];
  for (const path of paths) {
    const [trial, ...others] = await tryModel(path, tried, options, context);
    const rivals = others.filter(({ correct }) => trial.correct - correct <= CLOSE * trial.samples);
    models.push({ path: pathFrom(file, path), trial, rivals });
    tellTrial(path, trial, rivals, context);
  }
  const named = namedDataset(source) ? source : pathFrom(file, source);
  const dataset = { source: named, samples, size: options.size };
  return { dataset, shape: set.shape, models, isDivided: set.split !== undefined };
}

function tryModel(
  path: string,
  samples: SampleSet,
  options: FindOptions,
  { signal, terminal, environment }: CommandContext,
): ReturnType<typeof tryPreprocessing> {
  return tryPreprocessing(path, samples, {
    given: saysAnything(options) ? modelOptionsOf(options) : undefined,
    request: requestedDevice(options, environment),
    threads: availableParallelism(),
    batchSize: 32,
    signal,
    progress: terminal.progress(),
  });
}

function tellTrial(path: string, trial: Trial, rivals: readonly Trial[], { terminal }: CommandContext): void {
  const { name, correct, samples, problem } = trial;
  terminal.note(
    problem === undefined
      ? `${path} is right on ${correct} of ${samples} samples with ${name}${rivalText(rivals)}`
      : `${path} ${problem}; of what was tried, ${name} came furthest`,
  );
}

/** The one data set that was fetched and whose images and classes the model has. */
async function fittingDataset(path: string, { dataDir }: CommandContext): Promise<string> {
  const { graph } = await readModel(path);
  const present = (await listDatasets({ dataDir })).filter((listing) => listing.present);
  const fitting = present.filter(
    (listing) => misfitOf(graph, { ...listing, classes: listing.classNames.length }) === undefined,
  );
  const [only, ...others] = fitting;
  if (only !== undefined && others.length === 0) return only.name;
  const why =
    fitting.length === 0
      ? 'no data set that was fetched fits'
      : `${fitting.map(({ name }) => name).join(' and ')} fit`;
  throw new UnpairError(
    'INVALID_ARGUMENT',
    `--dataset must name the images that ${path} classifies, since ${why} it: a name of "unpair data list", an .npz, a folder of images by class, or a CSV file of images`,
  );
}

/** A name of campaigns after a file's. */
export function nameOf(path: string): string {
  const stem = basename(path, extname(path))
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 63);
  return stem === '' ? 'campaign' : stem;
}

/** A path as the file `out` names it. */
function pathFrom(out: string, path: string): string {
  return relative(dirname(resolve(out)), resolve(path));
}
