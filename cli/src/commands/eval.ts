import { availableParallelism } from 'node:os';

import type { Command } from 'commander';
import { Option } from 'commander';
import type { Allowance } from '@unpair/campaign';
import { ALLOWANCES } from '@unpair/campaign';
import type { SampleSet, Split } from '@unpair/datasets';
import { loadDataset } from '@unpair/datasets';
import { firstSamples } from '../models/first-samples.js';
import type { Estimate } from '@unpair/numerics';
import { UnpairError } from '@unpair/errors';
import { nearChance } from '@unpair/measurements';
import { wilson } from '@unpair/numerics';

import type { CommandContext } from '../context.js';
import { misfitOf } from '../models/misfit.js';
import { countRight, predict } from '../models/predict.js';
import { readModel } from '../models/read-model.js';
import type { DeviceOptions } from './device-options.js';
import { addDeviceOptions, requestedDevice } from './device-options.js';
import type { ModelFlags } from './model-options.js';
import { addModelFlags, modelOptionsOf } from './model-options.js';
import { wholeNumber } from './whole-number.js';

interface EvalOptions extends DeviceOptions, ModelFlags {
  readonly model: string;
  readonly dataset: string;
  readonly samples?: number;
  readonly size?: number;
  readonly imageColumn: string;
  readonly labelColumn: string;
  readonly split: Split;
  readonly batch: number;
  readonly threads: number;
  readonly allow?: Allowance;
  readonly json?: true;
}

/** `unpair eval --model F --dataset D`. */
export function addEvalCommand(program: Command, context: CommandContext): void {
  const command = addDeviceOptions(program.command('eval'))
    .description('measure the accuracy of a model')
    .requiredOption('--model <file>', 'ONNX, TensorFlow Lite or TensorFlow.js (model.json) file')
    .requiredOption(
      '--dataset <name|path>',
      'data set: a name of `data list`, an .npz, idx files, an image folder or a CSV file of images',
    )
    .option('--samples <n>', 'first samples to use (default: all)', wholeNumber(1, 1e9))
    .option('--size <n>', 'side to which images from files are resized', wholeNumber(1, 4096))
    .option('--image-column <name>', 'column of a CSV file that names the images', 'file')
    .option('--label-column <name>', 'column of a CSV file that has the labels', 'label')
    .addOption(
      new Option('--split <split>', 'part of the data set').choices(['train', 'test']).default('test'),
    )
    .option('--batch <n>', 'samples in one batch', wholeNumber(1, 65_536), 64)
    .option('--threads <n>', 'threads of the runtime', wholeNumber(1, 1024), availableParallelism())
    .addOption(
      new Option('--allow <what>', 'near-chance: a model that is hardly better than guessing').choices(
        ALLOWANCES,
      ),
    )
    .option('--json', 'print JSON');
  addModelFlags(command).action((options: EvalOptions) => runEval(options, context));
}

async function runEval(options: EvalOptions, context: CommandContext): Promise<void> {
  const { terminal, dataDir, signal, environment } = context;
  const request = requestedDevice(options, environment);
  const modelOptions = modelOptionsOf(options);
  const samples = await loadSamples(options, dataDir);
  const { path, graph } = await readModel(options.model, modelOptions, samples.shape);
  const misfit = misfitOf(graph, samples);
  if (misfit !== undefined) throw new UnpairError('INVALID_ARGUMENT', `${path} ${misfit}`);
  const { threads, batch: batchSize } = options;
  const progress = terminal.progress();
  const onRemark = (remark: string): void => {
    terminal.note(`${path}: ${remark}`);
  };
  const running = { request, batchSize, threads, signal, progress, onRemark };
  const rows = await predict(graph, samples, running);
  const correct = countRight(rows);
  const accuracy = wilson(correct, samples.count);
  printAccuracy(options, { correct, samples: samples.count, accuracy }, terminal.print);
  const problem = options.allow === 'near-chance' ? undefined : nearChance(rows);
  if (problem === undefined) return;
  throw new UnpairError('FAILED_PRECONDITION', `${path} ${problem}, or say --allow near-chance`);
}

async function loadSamples(options: EvalOptions, dataDir: string): Promise<SampleSet> {
  const { dataset, split, samples, size, imageColumn: image, labelColumn: label } = options;
  const columns = dataset.endsWith('.csv') ? { image, label } : undefined;
  const set = await loadDataset(dataset, split, { dataDir, size, columns });
  return firstSamples(set, split, samples);
}

interface Outcome {
  readonly correct: number;
  readonly samples: number;
  readonly accuracy: Estimate;
}

function printAccuracy(
  { model, dataset, split, json }: EvalOptions,
  outcome: Outcome,
  print: (text: string) => void,
): void {
  const { correct, samples, accuracy } = outcome;
  if (json) {
    print(JSON.stringify({ model, dataset, split, samples, correct, accuracy }, null, 2));
    return;
  }
  const [value, low, high] = [accuracy.value, accuracy.low, accuracy.high].map((rate) => rate.toFixed(4));
  print(`accuracy ${value} (95 %: ${low}–${high}), ${correct} of ${samples} right`);
}
