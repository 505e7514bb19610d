import { availableParallelism } from 'node:os';

import type { Command } from 'commander';
import { Option } from 'commander';
import { UnpairError } from '@unpair/errors';
import { pixels } from '@unpair/parameters';
import type { SampleSet, Split } from '@unpair/datasets';
import { inputs, loadDataset } from '@unpair/datasets';
import { firstSamples } from '../models/first-samples.js';
import type { GradientHealth, MaskingReport } from '@unpair/measurements';
import type { Norm } from '@unpair/numerics';
import { checkGradientMasking, doVanish, gradientFaults } from '@unpair/measurements';
import { consecutiveSamples, createDifferentiableClassifier } from '@unpair/classifiers';
import { openRuntime } from '@unpair/runtime';

import type { CommandContext } from '../context.js';
import { misfitOf } from '../models/misfit.js';
import { readModel } from '../models/read-model.js';
import type { DeviceOptions } from './device-options.js';
import { addDeviceOptions, requestedDevice } from './device-options.js';
import type { ModelFlags } from './model-options.js';
import { addModelFlags, modelOptionsOf } from './model-options.js';
import { ruleParser } from './rule-parser.js';
import { wholeNumber } from './whole-number.js';

interface CheckOptions extends DeviceOptions, ModelFlags {
  readonly dataset: string;
  readonly split: Split;
  readonly samples: number;
  readonly norm: Norm;
  readonly epsilon: number;
  readonly budget: number;
  readonly seed: number;
  readonly threads: number;
  readonly json?: true;
}

const EPSILON = pixels(Infinity, '2/255');

/** `unpair check MODEL --dataset D`: whether a model's own gradients are of any use, or only hide something. */
export function addCheckCommand(program: Command, context: CommandContext): void {
  const command = addDeviceOptions(program.command('check'))
    .description('look for masked gradients: attack a model through itself; exit code 1 when a check failed')
    .argument('<model>', 'ONNX, TensorFlow Lite or TensorFlow.js (model.json) file')
    .requiredOption('--dataset <name|path>', 'data set: a name of `data list`, or the path of one')
    .addOption(
      new Option('--split <split>', 'part of the data set').choices(['train', 'test']).default('test'),
    )
    .option('--samples <n>', 'first samples to use', wholeNumber(1, 1e9), 100)
    .addOption(new Option('--norm <norm>', 'norm of the ball').choices(['linf', 'l2']).default('linf'))
    .addOption(
      new Option('--epsilon <amount>', 'radius of the ball in which searches compete')
        .argParser(ruleParser(EPSILON))
        .default(8 / 255, '8/255'),
    )
    .option('--budget <n>', 'queries of the random search', wholeNumber(1, 1e9), 500)
    .option('--seed <n>', 'of everything random', wholeNumber(0, 2 ** 53 - 1), 0)
    .option('--threads <n>', 'threads of the runtime', wholeNumber(1, 1024), availableParallelism())
    .option('--json', 'print JSON');
  addModelFlags(command).action((model: string, options: CheckOptions) => runCheck(model, options, context));
}

async function runCheck(model: string, options: CheckOptions, context: CommandContext): Promise<void> {
  const { norm, epsilon, seed, budget, threads, json } = options;
  const { signal, terminal, environment } = context;
  const request = requestedDevice(options, environment);
  assertWithinPixels(options);
  const set = await loadSamples(options, context);
  const { path, graph } = await readModel(model, modelOptionsOf(options), set.shape);
  const misfit = misfitOf(graph, set);
  if (misfit !== undefined) throw new UnpairError('INVALID_ARGUMENT', `${path} ${misfit}`);
  const { runtime } = await openRuntime(request);
  const classifier = await createDifferentiableClassifier({ graph, runtime, threads, images: set.shape });
  for (const remark of classifier.remarks ?? []) terminal.note(`${path}: ${remark}`);
  try {
    const samples = consecutiveSamples(0, inputs(set), set.labels);
    const settings = { threat: { norm, epsilon }, seed, budget, signal };
    const report = await checkGradientMasking(classifier, samples, settings);
    terminal.print(json ? JSON.stringify(report, null, 2) : describe(report));
    assertPassed(path, report);
  } finally {
    await classifier.close();
  }
}

/** A pixel goes from 0 to 1: whoever writes 8 means 8/255. An l2 ball may be wider. */
function assertWithinPixels({ norm, epsilon }: CheckOptions): void {
  if (norm !== 'linf' || epsilon <= 1) return;
  const allowed = 'a pixel amount above 0 and at most 1, such as 8/255';
  throw UnpairError.refusal({ field: '--epsilon', value: epsilon, allowed }, 'OUT_OF_RANGE');
}

/** A check that fails is for scripts to see as well. */
function assertPassed(path: string, report: MaskingReport): void {
  const checks = [report.unboundedAttack, report.randomSearchOnly, report.lossRises];
  const failed = checks.filter(({ passed }) => !passed).length;
  if (failed === 0) return;
  throw new UnpairError('ABORTED', `${path} failed ${failed} of ${checks.length} checks`);
}

async function loadSamples(
  { dataset, split, samples }: CheckOptions,
  { dataDir }: CommandContext,
): Promise<SampleSet> {
  const set = await loadDataset(dataset, split, { dataDir });
  return firstSamples(set, split, samples);
}

/** One line a check, as `ok` or `FAILED`, with the bound; and a sentence about gradients where they are not what they should be. */
function describe({ unboundedAttack, randomSearchOnly, lossRises, gradients }: MaskingReport): string {
  const lines = [
    [unboundedAttack, 'an attack without bound succeeds', 'at least'],
    [randomSearchOnly, 'random search breaks what the gradient does not', 'at most'],
    [lossRises, 'the loss rises along the gradient', 'at least'],
  ] as const;
  const checks = lines.map(([{ passed, value, bound, samples }, what, least]) => {
    const rate = Number.isNaN(value) ? 'unknown' : `${(value * 100).toFixed(1)} %`;
    const limit = `${least} ${(bound * 100).toFixed(0)} %`;
    return `${passed ? 'ok    ' : 'FAILED'}  ${what}: ${rate} of ${samples} samples, must be ${limit}`;
  });
  return [...checks, ...gradientSentence(gradients)].join('\n');
}

function gradientSentence(gradients: GradientHealth): readonly string[] {
  const faults = gradientFaults(gradients);
  if (faults === undefined) return [];
  const meaning = doVanish(gradients) ? 'measure nothing there' : 'may be weaker than they could be';
  const end = 'and that they fail is no evidence of safety';
  return [`The gradients of the model ${faults}: attacks along them ${meaning}, ${end}.`];
}
