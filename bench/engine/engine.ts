import { readFile } from 'node:fs/promises';
import type { Graph } from '@unpair/graph';
import { decodeModel } from '@unpair/graph';
import { buildArchitecture, normalInitializer } from '@unpair/robustness';
import { createRuntime } from '@unpair/runtime';
import type { Row } from './row.js';
import { medianSeconds } from './row.js';
import { sgemmRow } from './sgemm.js';
import { startTorch } from './torch-rows.js';
import { unpairRows } from './unpair-rows.js';

const BATCH = 64;
const ROUNDS = 15;
const MODEL = new URL('../../models/cifar10-resnet20.onnx', import.meta.url);

/**
 * Images per second of a ResNet-20 on one thread: forward, forward and input gradient, and a training step; beside
 * PyTorch where it is installed and beside the core's SGEMM rate. Rows take turns within every round, so that what
 * else the machine does hits all of them; ratios are of medians.
 */
export async function runEngineBenchmark(): Promise<void> {
  const runtime = createRuntime();
  const own = await unpairRows(runtime, await resnet20(), BATCH);
  const torch = await startTorch(
    BATCH,
    Object.fromEntries(own.map(({ workload, flops }) => [workload, flops])),
  );
  const sgemm = await sgemmRow(runtime);
  const rows = [sgemm, ...own, ...(torch?.rows ?? [])];
  try {
    for (const row of rows) await row.measure();
    for (let round = 0; round < ROUNDS; round++) {
      for (const row of rows) row.seconds.push(await row.measure());
    }
    const versions = `${runtime.name} ${runtime.version}; PyTorch ${torch?.version ?? 'not installed'}`;
    process.stdout.write(
      `ResNet-20, batch ${BATCH}, one thread, medians of ${ROUNDS} rounds; ${versions}\n\n`,
    );
    process.stdout.write(table(rows, sgemm));
  } finally {
    await Promise.all(rows.map((row) => row.close()));
  }
}

async function resnet20(): Promise<Graph> {
  const bytes = await readFile(MODEL).catch(() => undefined);
  if (bytes !== undefined) return decodeModel(bytes);
  const half = [0.5, 0.5, 0.5];
  const shape = { image: [3, 32, 32], classes: 10, mean: half, deviation: half } as const;
  return buildArchitecture('resnet', { depth: 20 }, shape, normalInitializer(1));
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
  const all = [head, ...lines];
  const widths = head.map((_, column) => Math.max(...all.map((cells) => cells[column]?.length ?? 0)));
  return all
    .map((cells) =>
      cells
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  '),
    )
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}
