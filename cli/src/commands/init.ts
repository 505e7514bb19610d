import { access, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, extname, relative, resolve } from 'node:path';

import { parseCampaign } from '@unpair/campaign';
import type { Command } from 'commander';
import { listDatasets, loadDataset, namedDataset } from '@unpair/datasets';
import { UnpairError } from '@unpair/errors';
import type { ModelOptions } from '@unpair/graph';

import type { CommandContext } from '../context.js';
import { firstSamples } from '../models/first-samples.js';
import { misfitOf } from '../models/misfit.js';
import { readModel } from '../models/read-model.js';
import type { Trial } from '../models/try-preprocessing.js';
import { tryPreprocessing } from '../models/try-preprocessing.js';
import { assertOutputFile } from '../output-file.js';
import type { FoundModel } from '../submission/new-campaign.js';
import { newCampaign } from '../submission/new-campaign.js';
import type { DeviceOptions } from './device-options.js';
import { addDeviceOptions, requestedDevice } from './device-options.js';
import type { ModelFlags } from './model-options.js';
import { addModelFlags, modelOptionsOf } from './model-options.js';
import { wholeNumber } from './whole-number.js';

interface InitOptions extends DeviceOptions, ModelFlags {
  readonly dataset?: string;
  readonly size?: number;
  readonly samples: number;
  readonly out?: string;
}

/** `unpair init MODEL [SIBLING]`. */
export function addInitCommand(program: Command, context: CommandContext): void {
  const command = addDeviceOptions(program.command('init'))
    .description(
      'write a campaign file for a model of your own, and for its published sibling if there is one',
    )
    .argument('<model>', 'the private model: an ONNX, TensorFlow Lite or TensorFlow.js file')
    .argument('[sibling]', 'what was published of it (default: an int8 version that the campaign makes)')
    .option('--dataset <name|path>', 'images that it classifies (default: a fetched data set that fits it)')
    .option('--size <n>', 'side to which images from files are resized', wholeNumber(1, 4096))
    .option('--samples <n>', 'samples to attack', wholeNumber(1, 1e9), 200)
    .option('--out <file>', 'where to write it (default: NAME.yaml, after the model)');
  addModelFlags(command).action((model: string, sibling: string | undefined, options: InitOptions) =>
    runInit([model, ...(sibling === undefined ? [] : [sibling])], options, context),
  );
}

async function runInit(
  paths: readonly string[],
  options: InitOptions,
  context: CommandContext,
): Promise<void> {
  const [model = ''] = paths;
  const name = nameOf(model);
  const out = options.out ?? `${name}.yaml`;
  await assertOutputFile('--out', out);
  await assertNew(out);
  const source = options.dataset ?? (await fittingDataset(model, context));
  const set = await loadDataset(source, 'test', { dataDir: context.dataDir, size: options.size });
  const count = Math.min(options.samples, set.count);
  const samples = firstSamples(set, 'test', Math.min(count, TRIED));
  const found: FoundModel[] = [];
  for (const path of paths) {
    const given = hasFlags(options) ? modelOptionsOf(options) : undefined;
    const [best] = await tried(path, samples, { given, options, context });
    found.push({ path: pathFrom(out, path), trial: best });
    tellTrial(path, best, context);
  }
  const dataset = {
    source: namedDataset(source) ? source : pathFrom(out, source),
    samples: count,
    size: options.size,
  };
  const text = newCampaign({ name, file: out, dataset, models: found });
  const parsed = parseCampaign(text);
  if (!parsed.ok)
    throw new UnpairError(
      'INTERNAL',
      `what was written is no campaign file: ${JSON.stringify(parsed.violations)}`,
    );
  await writeFile(out, text, { flag: 'wx' });
  context.terminal.print(`${out} is written: read it, then run "unpair plan ${out}" and "unpair run ${out}"`);
}

/** Samples on which each preprocessing is tried. */
const TRIED = 100;

function tried(
  path: string,
  samples: Parameters<typeof tryPreprocessing>[1],
  {
    given,
    options,
    context,
  }: {
    readonly given: ModelOptions | undefined;
    readonly options: InitOptions;
    readonly context: CommandContext;
  },
): ReturnType<typeof tryPreprocessing> {
  const { signal, terminal, environment } = context;
  const request = requestedDevice(options, environment);
  const threads = availableParallelism();
  return tryPreprocessing(path, samples, {
    given,
    request,
    threads,
    batchSize: 32,
    signal,
    progress: terminal.progress(),
  });
}

function tellTrial(
  path: string,
  { name, correct, samples, problem }: Trial,
  { terminal }: CommandContext,
): void {
  terminal.note(
    problem === undefined
      ? `${path} is right on ${correct} of ${samples} samples with ${name}`
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

function hasFlags({
  layout,
  range,
  channels,
  mean,
  std,
  classesFrom,
  classesCount,
  outputs,
}: ModelFlags): boolean {
  return [layout, range, channels, mean, std, classesFrom, classesCount, outputs].some(
    (flag) => flag !== undefined,
  );
}

/** A name of campaigns after a file's. */
function nameOf(path: string): string {
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

/** Says at once that nothing is written over, rather than when all has been tried. */
async function assertNew(path: string): Promise<void> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere)
    throw new UnpairError(
      'ALREADY_EXISTS',
      `${path} exists already: name another file by --out, or remove it`,
    );
}
