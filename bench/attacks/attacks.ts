import { inputs } from '@unpair/datasets';
import { consecutiveSamples, createClassifier, createDifferentiableClassifier } from '@unpair/classifiers';
import { median } from '@unpair/numerics';
import { createRuntime } from '@unpair/runtime';
import { labelledNoise } from '../kit/labelled-noise.js';
import { describeMachine, machineFacts } from '../kit/machine.js';
import { resnet20, stranger } from '../kit/models.js';
import { readOptions } from '../kit/options.js';
import { writeResults } from '../kit/results-file.js';
import { textTable } from '../kit/table.js';
import type { Verdict } from '../kit/verdict.js';
import { atLeast, metWord } from '../kit/verdict.js';
import type { AttackRound } from './attack-round.js';
import { attackRound } from './attack-round.js';

const ATTACKS = ['square', 'rgf', 'p-rgf'] as const;
const BATCH = 64;
const TARGET_RATIO = 0.85;
/** Three iterations of RGF with its 50 directions; two batches' worth of samples keep the scheduler at its bound. */
const OPTIONS = {
  samples: { default: 128, min: 1 },
  budget: { default: 153, min: 1 },
  rounds: { default: 5, min: 1 },
} as const;

/** One attack over all rounds: medians, and the ratio against its target. */
interface Summary extends Omit<AttackRound, 'ratio'> {
  readonly attack: string;
  readonly ratio: Verdict;
  readonly rounds: readonly number[];
}

/**
 * How much of the bare forward rate black-box attacks keep: target evaluations per second over images per second of
 * the same executable, on one thread. Attacks take turns within every round.
 */
export async function runAttacksBenchmark(args: readonly string[]): Promise<void> {
  const { numbers, json } = readOptions(args, OPTIONS);
  const runtime = await createRuntime();
  const machine = machineFacts(runtime);
  process.stdout.write(describeMachine(machine));
  const [model, other] = [await resnet20(), await stranger()];
  const { samples, budget, rounds } = numbers;
  process.stdout.write(
    `ResNet-20 (${model.origin}), surrogate ${other.origin}, one thread, batch ${BATCH}; ` +
      `${samples} samples of ${budget} queries, medians of ${rounds} rounds\n\n`,
  );
  const target = await createClassifier({ graph: model.graph, runtime, threads: 1 });
  const surrogate = await createDifferentiableClassifier({ graph: other.graph, runtime, threads: 1 });
  try {
    const set = await labelledNoise(target, Math.max(samples, BATCH));
    const all = consecutiveSamples(0, inputs(set), set.labels).slice(0, samples);
    const common = { target, surrogate, samples: all, bare: inputs(set, 0, BATCH), budget, batchSize: BATCH };
    const done = new Map(ATTACKS.map((attack): [string, AttackRound[]] => [attack, []]));
    for (let round = 0; round < rounds; round++) {
      for (const [attack, results] of done) results.push(await attackRound({ ...common, attack }));
    }
    const results = [...done].map(([attack, all]) => summarize(attack, all));
    process.stdout.write(table(results));
    const settings = { ...numbers, batch: BATCH, model: model.origin, surrogate: other.origin };
    await writeResults(json, { benchmark: 'attacks', machine, settings, results });
  } finally {
    await Promise.all([target.close(), surrogate.close()]);
  }
}

function summarize(attack: string, rounds: readonly AttackRound[]): Summary {
  const middle = (key: keyof AttackRound): number => median(rounds.map((round) => round[key]));
  return {
    attack,
    ratio: atLeast(TARGET_RATIO, middle('ratio')),
    rate: middle('rate'),
    bareRate: middle('bareRate'),
    occupancy: middle('occupancy'),
    target: middle('target'),
    surrogate: middle('surrogate'),
    own: middle('own'),
    rounds: rounds.map(({ ratio }) => ratio),
  };
}

function table(results: readonly Summary[]): string {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const head = ['', 'evals/s', 'bare/s', 'ratio', `>= ${TARGET_RATIO}`];
  return textTable([
    [...head, 'batch filled', 'in target', 'in surrogate', 'own work'],
    ...results.map((row) => [
      row.attack,
      row.rate.toFixed(0),
      row.bareRate.toFixed(0),
      row.ratio.value.toFixed(3),
      metWord(row.ratio),
      percent(row.occupancy),
      percent(row.target),
      percent(row.surrogate),
      percent(row.own),
    ]),
  ]);
}
