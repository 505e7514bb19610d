import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { digestOf, startNatsServer } from '@unpair/platform';
import { CampaignState } from '@unpair/protocol';
import { createRuntime } from '@unpair/runtime';
import { setTimeout as sleep } from 'node:timers/promises';
import { CampaignClient } from '../../cli/src/client/campaign-client.js';
import { describeMachine, machineFacts } from '../kit/machine.js';
import { readOptions } from '../kit/options.js';
import { writeResults } from '../kit/results-file.js';
import { simulateWorkers } from './simulated-workers.js';

const OPTIONS = {
  workers: { default: 1_000, min: 1 },
  tasks: { default: 50_000, min: 100 },
} as const;

const coordinatorMain = fileURLToPath(new URL('../../services/coordinator/dist/main.js', import.meta.url));
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
  await using nats = await startNatsServer({ directory: folder });
  const coordinator = spawn(process.execPath, [coordinatorMain], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: {
      ...process.env,
      UNPAIR_NATS_URL: nats.url,
      UNPAIR_GRPC_ADDRESS: '127.0.0.1:0',
      UNPAIR_METRICS_ADDRESS: '127.0.0.1:0',
      UNPAIR_DATABASE: join(folder, 'results.duckdb'),
      UNPAIR_LOG_LEVEL: 'error',
    },
  });
  const stop = new AbortController();
  try {
    const [{ grpc }] = (await once(coordinator, 'message')) as [{ grpc: string }];
    using client = new CampaignClient(grpc);
    const working = simulateWorkers({ url: nats.url, workers, signal: stop.signal });
    // Until all workers are there: what is measured is work, not their arrival.
    await sleep(5_000);
    const id = await submit(client, tasks, stop.signal);
    const start = performance.now();
    const total = await ended(client, id, stop.signal);
    const seconds = (performance.now() - start) / 1_000;
    stop.abort();
    await working;
    return { tasks: total, seconds, rate: total / seconds, workers };
  } finally {
    stop.abort();
    coordinator.kill('SIGTERM');
    await once(coordinator, 'exit');
  }
}

/** A campaign of about so many tasks of one sample each: half of them measure accuracy, half attack. */
async function submit(client: CampaignClient, tasks: number, signal: AbortSignal): Promise<string> {
  const samples = 10_000;
  const epsilons = Array.from({ length: Math.max(1, Math.round(tasks / samples) - 2) }, (_, k) => k + 1);
  const contents = { full: 'a model', other: 'another model', samples: 'samples' };
  const digests: Record<string, string> = {};
  for (const [name, text] of Object.entries(contents)) {
    const bytes = Buffer.from(text);
    digests[name] = digestOf(bytes);
    await client.upload(digests[name], bytes, signal);
  }
  const spec = `name: throughput
seed: 1
dataset: { source: cifar10, samples: ${samples} }
models: { full: { file: full.onnx }, other: { file: other.onnx } }
targets: [full]
surrogates: [other]
threat: { epsilon: [${epsilons.map((k) => `${k}/255`).join(', ')}] }
similarity: { pairs: attacked, perturbed: false }
attacks: [mi-fgsm]
allow: near-chance
shardSize: 1
`;
  const { id } = await client.create(
    {
      requestId: 'throughput',
      spec,
      models: { full: digests['full'] ?? '', other: digests['other'] ?? '' },
      samples: digests['samples'] ?? '',
      calibration: '',
      heldOut: '',
      sources: {},
      labels: {},
      priority: 0,
      weight: 1,
    },
    signal,
  );
  return id;
}

async function ended(client: CampaignClient, id: string, signal: AbortSignal): Promise<number> {
  for (;;) {
    const { state, progress, failures } = await client.get(id, signal);
    if (state === CampaignState.SUCCEEDED) return progress?.done ?? 0;
    if (state !== CampaignState.RUNNING) throw new Error(`It ended as ${state}: ${failures.join('; ')}`);
    await sleep(100);
  }
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
