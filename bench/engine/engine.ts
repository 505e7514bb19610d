import { createRuntime } from '@unpair/runtime';
import { describeMachine, machineFacts } from '../kit/machine.js';
import { resnet20 } from '../kit/models.js';
import { readOptions } from '../kit/options.js';
import { writeResults } from '../kit/results-file.js';
import { textTable } from '../kit/table.js';
import type { Row } from './row.js';
import { medianSeconds } from './row.js';
import { sgemmRow } from './sgemm.js';
import { startTorch } from './torch-rows.js';
import { unpairRows } from './unpair-rows.js';

const BATCH = 64;
const OPTIONS = { rounds: { default: 15, min: 1 } } as const;

/**
 * Images per second of a ResNet-20 on one thread: forward, forward and input gradient, and a training step; beside
 * PyTorch where it is installed and beside the core's SGEMM rate. Rows take turns within every round, so that what
 * else the machine does hits all of them; ratios are of medians.
 */
export async function runEngineBenchmark(args: readonly string[]): Promise<void> {
  const { numbers, json } = readOptions(args, OPTIONS);
  const { rounds } = numbers;
  const runtime = await createRuntime();
  const machine = machineFacts(runtime);
  process.stdout.write(describeMachine(machine));
  const { graph, origin } = await resnet20();
  const own = await unpairRows(runtime, graph, BATCH);
  const torch = await startTorch(
    BATCH,
    Object.fromEntries(own.map(({ workload, flops }) => [workload, flops])),
  );
  const sgemm = await sgemmRow(runtime);
  const rows = [sgemm, ...own, ...(torch?.rows ?? [])];
  try {
    for (const row of rows) await row.measure();
    for (let round = 0; round < rounds; round++) {
      for (const row of rows) row.seconds.push(await row.measure());
    }
    const pytorch = torch?.version ?? 'not installed';
    process.stdout.write(
      `ResNet-20 (${origin}), batch ${BATCH}, one thread, medians of ${rounds} rounds; PyTorch ${pytorch}\n\n`,
    );
    process.stdout.write(table(rows, sgemm));
    const settings = { rounds, batch: BATCH, model: origin, pytorch };
    const results = rows.map((row) => ({ name: row.name, flops: row.flops, seconds: medianSeconds(row) }));
    await writeResults(json, { benchmark: 'engine', machine, settings, results });
  } finally {
    await Promise.all(rows.map((row) => row.close()));
  }
}

function table(rows: readonly Row[], sgemm: Row): string {
  const head = ['', 'ms', 'images/s', 'GFLOP/s', 'of SGEMM', 'of PyTorch'];
  const lines = rows.map((row) => {
    const seconds = medianSeconds(row);
    const rate = row.flops / seconds;
    const other = rows.find(({ workload, engine }) => workload === row.workload && engine === 'torch');
    return [
      row.name,
      (1000 * seconds).toFixed(1),
      row === sgemm ? '' : (BATCH / seconds).toFixed(0),
      (rate / 1e9).toFixed(1),
      (rate / (sgemm.flops / medianSeconds(sgemm))).toFixed(2),
      other === undefined ? '' : (medianSeconds(other) / seconds).toFixed(2),
    ];
  });
  return textTable([head, ...lines]);
}
