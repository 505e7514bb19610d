import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRuntime } from '@unpair/runtime';
import { describeMachine, machineFacts } from '../kit/machine.js';
import { readOptions } from '../kit/options.js';
import { writeResults } from '../kit/results-file.js';
import { ended, submit, withSimulatedCluster, type Part } from './simulated-cluster.js';

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
  const { numbers, texts, json } = readOptions(args, OPTIONS, ['ray', 'profile']);
  const machine = machineFacts(await createRuntime());
  process.stdout.write(describeMachine(machine));
  const folder = await mkdtemp(join(tmpdir(), 'unpair-throughput-'));
  try {
    // What a broker takes for a task differs fourfold between versions.
    const broker = execFileSync('nats-server', ['--version'], { encoding: 'utf8' }).trim();
    const ours = await measure({ folder, ...numbers, profile: texts.profile });
    process.stdout.write(`${JSON.stringify(ours, null, 2)}\n`);
    const ray = texts.ray === undefined ? undefined : await measureRay(texts.ray, numbers.tasks);
    const results = {
      broker,
      ours,
      ray,
      ratio: ray && ours.rate / ray.rate,
      ofIdle: ray && ours.idleRate / ray.idleRate,
    };
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
  /** Seconds of a core that all processes took. */
  readonly processorSeconds: number;
  /** Tasks a second on two cores that do nothing else, if both are busy all the time: for machines that others use too. */
  readonly idleRate: number;
}

interface Settings {
  readonly folder: string;
  readonly workers: number;
  readonly tasks: number;
  readonly profile: string | undefined;
}

async function measure(
  settings: Settings,
): Promise<Throughput & { readonly microseconds: Record<Part, number> }> {
  return withSimulatedCluster(
    { ...settings, milliseconds: 0 },
    async ({ client, processorSeconds }, signal) => {
      const id = await submit(client, { name: 'throughput', tasks: settings.tasks, samples: 10_000 }, signal);
      const [start, before] = [performance.now(), await processorSeconds()];
      const total = await ended(client, id, signal);
      const seconds = (performance.now() - start) / 1_000;
      const after = await processorSeconds();
      const taken = (part: Part): number => after[part] - before[part];
      const microseconds = (part: Part): number => Math.round((taken(part) / total) * 1e6);
      return {
        ...throughputOf(total, seconds, taken('coordinator') + taken('broker') + taken('workers')),
        microseconds: {
          coordinator: microseconds('coordinator'),
          broker: microseconds('broker'),
          workers: microseconds('workers'),
        },
      };
    },
  );
}

async function measureRay(python: string, tasks: number): Promise<Throughput & { readonly tool: string }> {
  const child = spawn(python, [rayProgram, `${tasks}`, '2'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  await once(child, 'close');
  const line = output.trim().split('\n').at(-1) ?? '';
  const { tool, seconds, processor } = JSON.parse(line) as {
    tool: string;
    seconds: number;
    processor: number;
  };
  return { tool, ...throughputOf(tasks, seconds, processor) };
}

function throughputOf(tasks: number, seconds: number, processorSeconds: number): Throughput {
  return {
    tasks,
    seconds,
    rate: tasks / seconds,
    processorSeconds,
    idleRate: (2 * tasks) / processorSeconds,
  };
}
