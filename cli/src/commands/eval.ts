import { availableParallelism } from 'node:os';

import type { Command } from 'commander';
import { Option } from 'commander';
import type { SampleSet, Split } from '@unpair/datasets';
import { inputs, loadDataset, slice } from '@unpair/datasets';
import type { Classifier, Estimate } from '@unpair/robustness';
import { consecutiveSamples, createClassifier, measureAccuracy, wilson } from '@unpair/robustness';
import { createRuntime } from '@unpair/runtime';

import type { CommandContext } from '../context.js';
import { CliError } from '../failure.js';
import { fitClassifier, fixedBatch } from '../models/classifier.js';
import { readModel } from '../models/read-model.js';
import type { Progress } from '../terminal/progress.js';
import { wholeNumber } from './whole-number.js';

interface EvalOptions {
  readonly model: string;
  readonly dataset: string;
  readonly samples?: number;
  readonly split: Split;
  readonly batch: number;
  readonly threads: number;
  readonly json?: true;
}

/** `unpair eval --model F --dataset D`. */
export function addEvalCommand(program: Command, context: CommandContext): void {
  program
    .command('eval')
    .description('measure the accuracy of a model')
    .requiredOption('--model <file>', 'ONNX file')
    .requiredOption(
      '--dataset <name|path>',
      'data set: a name of `data list`, an .npz, idx files or an image folder',
    )
    .option('--samples <n>', 'first samples to use (default: all)', wholeNumber(1, 1e9))
    .addOption(
      new Option('--split <split>', 'part of the data set').choices(['train', 'test']).default('test'),
    )
    .option('--batch <n>', 'samples in one batch', wholeNumber(1, 65_536), 64)
    .option('--threads <n>', 'threads of the runtime', wholeNumber(1, 1024), availableParallelism())
    .option('--json', 'print JSON')
    .action((options: EvalOptions) => runEval(options, context));
}

async function runEval(options: EvalOptions, { terminal, dataDir, signal }: CommandContext): Promise<void> {
  const samples = await loadSamples(options, dataDir);
  const { path, graph } = await readModel(options.model);
  const fit = fitClassifier(graph, samples);
  if (typeof fit === 'string') throw new CliError('INVALID_ARGUMENT', `${path} ${fit}`);
  const { threads, batch } = options;
  const model = await createClassifier({ graph, runtime: createRuntime(), threads });
  const progress = terminal.progress();
  try {
    const batchSize = Math.min(fixedBatch(fit) ?? batch, batch);
    const correct = await countCorrect(model, samples, { batchSize, signal, progress });
    progress.end();
    printAccuracy(
      options,
      { correct, samples: samples.count, accuracy: wilson(correct, samples.count) },
      terminal.print,
    );
  } finally {
    progress.end();
    await model.close();
  }
}

async function loadSamples({ dataset, split, samples }: EvalOptions, dataDir: string): Promise<SampleSet> {
  const set = await loadDataset(dataset, split, { dataDir });
  if (samples === undefined || samples <= set.count) return slice(set, 0, samples ?? set.count);
  const available = `${set.count}, the size of ${set.name} (${split})`;
  throw new CliError('OUT_OF_RANGE', `--samples must be at most ${available}, got ${samples}`);
}

interface CountOptions {
  readonly batchSize: number;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** Goes through the set in runs of a few batches, so that it can tell how far it is. */
async function countCorrect(
  model: Classifier,
  set: SampleSet,
  { batchSize, signal, progress }: CountOptions,
): Promise<number> {
  const run = batchSize * 4;
  let correct = 0;
  for (let first = 0; first < set.count; first += run) {
    progress.update({
      label: 'evaluating',
      fraction: first / set.count,
      detail: `${first}/${set.count} samples`,
    });
    const part = slice(set, first, Math.min(run, set.count - first));
    const samples = consecutiveSamples(first, inputs(part), part.labels);
    const rows = await measureAccuracy(model, samples, { batchSize, signal });
    correct += rows.filter(({ label, predicted }) => label === predicted).length;
  }
  return correct;
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
