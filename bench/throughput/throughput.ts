import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRuntime } from '@unpair/runtime';
import { describeMachine, machineFacts } from '../kit/machine.js';
import { readOptions } from '../kit/options.js';
import { writeResults } from '../kit/results-file.js';
import { ended, submit, withSimulatedCluster } from './simulated-cluster.js';

const OPTIONS = {
  workers: { default: 1_000, min: 1 },
  tasks: { default: 50_000, min: 100 },
} as const;

const rayProgram = fileURLToPath(new URL('ray_noop.py', import.meta.url));

/**
 * Tasks a second through plan, queue, worker, result and store, with so many simulated workers; beside Ray's for tasks that do
 * nothing either, where a Python with Ray is named.
 */
export async function runThroughputBenchmark(args: readonly string[]): Promise<void> {
  const { numbers, texts, json } = readOptions(args, OPTIONS, ['ray']);
  const machine = machineFacts(await createRuntime());
  process.stdout.write(describeMachine(machine));
  const folder = await mkdtemp(join(tmpdir(), 'unpair-throughput-'));
  try {
    const ours = await measure(folder, numbers.workers, numbers.tasks);
    const ray = texts.ray === undefined ? undefined : await measureRay(texts.ray, numbers.tasks);
    const results = { ours, ray, ratio: ray && ours.rate / ray.rate };
    process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
    await writeResults(json, { benchmark: 'throughput', machine, settings: numbers, results });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Throughput {
  /** Tasks that ended. */
  readonly tasks: number;
  readonly seconds: number;
  readonly rate: number;
}

async function measure(
  folder: string,
  workers: number,
  tasks: number,
): Promise<Throughput & { readonly workers: number }> {
  return withSimulatedCluster({ folder, workers, milliseconds: 0 }, async (client, signal) => {
    const id = await submit(client, { name: 'throughput', tasks, samples: 10_000 }, signal);
    const start = performance.now();
    const total = await ended(client, id, signal);
    const seconds = (performance.now() - start) / 1_000;
    return { tasks: total, seconds, rate: total / seconds, workers };
  });
}

async function measureRay(python: string, tasks: number): Promise<Throughput & { readonly tool: string }> {
  const child = spawn(python, [rayProgram, `${tasks}`, '2'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  await once(child, 'close');
  const line = output.trim().split('\n').at(-1) ?? '';
  const { tool, seconds } = JSON.parse(line) as { tool: string; seconds: number };
  return { tool, tasks, seconds, rate: tasks / seconds };
}
