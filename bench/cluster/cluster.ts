import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inputs } from '@unpair/datasets';
import type { Classifier } from '@unpair/classifiers';
import { createClassifier } from '@unpair/classifiers';
import { median } from '@unpair/numerics';
import { createRuntime } from '@unpair/runtime';
import { labelledNoise } from '../kit/labelled-noise.js';
import { describeMachine, machineFacts } from '../kit/machine.js';
import { resnet20 } from '../kit/models.js';
import { readOptions } from '../kit/options.js';
import { writeResults } from '../kit/results-file.js';
import type { CampaignSize } from './campaign.js';
import { campaignOf, writeCampaign } from './campaign.js';
import { runInProcess } from './in-process.js';
import type { Measurement } from './measurement.js';
import { runOnCluster } from './on-cluster.js';
import { compare, comparisonTable } from './comparison.js';

const OPTIONS = { seconds: { default: 75, min: 1 }, rounds: { default: 3, min: 1 } } as const;
const BATCH = 64;

/**
 * What the cluster costs and what it brings: the same campaign in this process, on a local cluster with one worker, and
 * on one with two, in turns. All three must give the same rows.
 */
export async function runClusterBenchmark(args: readonly string[]): Promise<void> {
  const { numbers, json } = readOptions(args, OPTIONS);
  const runtime = await createRuntime();
  const machine = machineFacts(runtime);
  process.stdout.write(describeMachine(machine));
  const { graph: model, origin } = await resnet20();
  const target = await createClassifier({ graph: model, runtime, threads: 1 });
  const size = campaignOf(numbers.seconds, await forwardRate(target));
  const samples = await labelledNoise(target, size.samples);
  await target.close();
  process.stdout.write(describeCampaign(origin, size, numbers.rounds));
  const folder = await mkdtemp(join(tmpdir(), 'unpair-bench-'));
  try {
    const { path, text } = await writeCampaign(folder, model, samples, size);
    const arms: Readonly<Record<string, (round: number) => Promise<Measurement>>> = {
      'in process': () => runInProcess({ text, model, samples, runtime }),
      'one worker': (round) => runOnCluster(path, 1, join(folder, `one-${round}`)),
      'two workers': (round) => runOnCluster(path, 2, join(folder, `two-${round}`)),
    };
    const done = await inTurns(arms, numbers.rounds);
    const results = compare(done);
    process.stdout.write(comparisonTable(done, results));
    const settings = { ...numbers, ...size, model: origin };
    await writeResults(json, {
      benchmark: 'cluster',
      machine,
      settings,
      results: { ...results, rounds: Object.fromEntries(done) },
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function describeCampaign(origin: string, size: CampaignSize, rounds: number): string {
  const { samples, budget, attackTasks, shardSize } = size;
  return (
    `ResNet-20 (${origin}), rgf and square on ${samples} samples of ${budget} queries: ${attackTasks} tasks of ` +
    `${shardSize} samples; medians of ${rounds} rounds\n\n`
  );
}

/** Images per second on one thread, to choose the campaign's length by. */
async function forwardRate(target: Classifier): Promise<number> {
  const batch = inputs(await labelledNoise(target, BATCH));
  const seconds: number[] = [];
  for (let run = 0; run < 9; run++) {
    const start = performance.now();
    await target.logits(batch, BATCH);
    seconds.push((performance.now() - start) / 1000);
  }
  return BATCH / median(seconds);
}

/** Runs all arms in every round, so that slow changes of the machine meet them all. */
async function inTurns(
  arms: Readonly<Record<string, (round: number) => Promise<Measurement>>>,
  rounds: number,
): Promise<ReadonlyMap<string, readonly Measurement[]>> {
  const done = new Map(Object.keys(arms).map((name): [string, Measurement[]] => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const [name, run] of Object.entries(arms)) {
      const measurement = await run(round);
      done.get(name)?.push(measurement);
      process.stdout.write(`round ${round}, ${name}: ${measurement.seconds.toFixed(1)} s\n`);
    }
  }
  process.stdout.write('\n');
  return done;
}
