import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '@unpair/numerics';
import { createRuntime } from '@unpair/runtime';
import type { CampaignClient } from '../../cli/src/client/campaign-client.js';
import { describeMachine, machineFacts } from '../kit/machine.js';
import { readOptions } from '../kit/options.js';
import { writeResults } from '../kit/results-file.js';
import { textTable } from '../kit/table.js';
import { atMost, metWord } from '../kit/verdict.js';
import { ended, submit, withSimulatedCluster } from './simulated-cluster.js';

const OPTIONS = {
  workers: { default: 8, min: 1 },
  milliseconds: { default: 100, min: 0 },
  tasks: { default: 100_000, min: 100 },
  campaigns: { default: 20, min: 1 },
  alone: { default: 5, min: 1 },
} as const;
const SMALL = { tasks: 50, samples: 10 } as const;
const MOST = 2;

/**
 * Small campaigns beside a large one: how long each takes from its creation to its end, one after the other, first alone and
 * then while the large one runs.
 */
export async function runMixedBenchmark(args: readonly string[]): Promise<void> {
  const { numbers, json } = readOptions(args, OPTIONS);
  const { workers, milliseconds, tasks, campaigns } = numbers;
  const machine = machineFacts(await createRuntime());
  process.stdout.write(describeMachine(machine));
  const folder = await mkdtemp(join(tmpdir(), 'unpair-mixed-'));
  try {
    const results = await withSimulatedCluster(
      { folder, workers, milliseconds },
      async ({ client }, signal) => {
        const alone = await inTurn(client, 'alone', numbers.alone, signal);
        const large = await submit(client, { name: 'large', tasks, samples: 1_000 }, signal);
        const beside = await inTurn(client, 'beside', campaigns, signal);
        await client.cancel(large, signal);
        return { alone, beside };
      },
    );
    const typical = atMost(MOST, median(results.beside) / median(results.alone));
    const worst = atMost(MOST, Math.max(...results.beside) / median(results.alone));
    const table = textTable([
      ['', 'ratio', 'target', ''],
      ['beside the large one, median', typical.value.toFixed(2), `<= ${MOST}`, metWord(typical)],
      ['slowest', worst.value.toFixed(2), `<= ${MOST}`, metWord(worst)],
    ]);
    process.stdout.write(`alone ${median(results.alone).toFixed(2)} s\n${table}`);
    await writeResults(json, {
      ...{ benchmark: 'mixed', machine, settings: numbers },
      results: { ...results, typical, worst },
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Seconds that each of some small campaigns takes, each created when the one before has ended. */
async function inTurn(
  client: CampaignClient,
  kind: string,
  campaigns: number,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const seconds: number[] = [];
  for (let k = 0; k < campaigns; k++) {
    const start = performance.now();
    await ended(client, await submit(client, { name: `${kind}-${k}`, ...SMALL }, signal), signal);
    seconds.push((performance.now() - start) / 1_000);
  }
  return seconds;
}
