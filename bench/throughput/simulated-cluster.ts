import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { digestOf, startNatsServer } from '@unpair/platform';
import { CampaignState } from '@unpair/protocol';
import { CampaignClient } from '../../cli/src/client/campaign-client.js';
import { processorSeconds } from '../kit/processor-time.js';
import { simulateWorkers } from './simulated-workers.js';

const coordinatorMain = fileURLToPath(new URL('../../services/coordinator/dist/main.js', import.meta.url));

export interface SimulatedClusterOptions {
  /** Empty, for the broker and the result store. */
  readonly folder: string;
  readonly workers: number;
  /** What each task takes its worker. */
  readonly milliseconds: number;
  /** Where the coordinator leaves a profile of its processor time; nowhere unless said. */
  readonly profile?: string | undefined;
}

/** A cluster that runs. */
export interface SimulatedCluster {
  readonly client: CampaignClient;
  /** Seconds of a core that each of its processes has taken so far; this one simulates the workers. */
  readonly processorSeconds: () => Promise<Readonly<Record<Part, number>>>;
}

export type Part = 'coordinator' | 'broker' | 'workers';

/** A real broker and coordinator with simulated workers, for as long as `use` takes. */
export async function withSimulatedCluster<T>(
  { folder, workers, milliseconds, profile }: SimulatedClusterOptions,
  use: (cluster: SimulatedCluster, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  await using nats = await startNatsServer({ directory: folder });
  const profiled = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const coordinator = spawn(process.execPath, [...profiled, coordinatorMain], {
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
    const working = simulateWorkers({ url: nats.url, workers, milliseconds, signal: stop.signal });
    // Until all workers are there: what is measured is work, not their arrival.
    await sleep(5_000);
    const taken = async (): Promise<Readonly<Record<Part, number>>> => ({
      coordinator: await processorSeconds(coordinator.pid),
      broker: await processorSeconds(nats.process.pid),
      workers: await processorSeconds(process.pid),
    });
    const result = await use({ client, processorSeconds: taken }, stop.signal);
    stop.abort();
    await working;
    return result;
  } finally {
    stop.abort();
    coordinator.kill('SIGTERM');
    await once(coordinator, 'exit');
  }
}

export interface CampaignShape {
  readonly name: string;
  readonly tasks: number;
  /** Tasks of a stage are multiples of this. */
  readonly samples: number;
}

/** Creates a campaign of about so many tasks of one sample each, which measure accuracy and similarity and attack. */
export async function submit(
  client: CampaignClient,
  { name, tasks, samples }: CampaignShape,
  signal: AbortSignal,
): Promise<string> {
  const epsilons = Array.from({ length: Math.max(1, Math.round(tasks / samples) - 3) }, (_, k) => k + 1);
  const contents = { full: 'a model', other: 'another model', samples: 'samples' };
  const digests: Record<string, string> = {};
  for (const [content, text] of Object.entries(contents)) {
    const bytes = Buffer.from(text);
    digests[content] = digestOf(bytes);
    await client.upload(digests[content], bytes, signal);
  }
  const spec = `name: ${name}
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
      requestId: name,
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

/** Waits until a campaign has succeeded; the number of its tasks. @throws where it ends otherwise */
export async function ended(client: CampaignClient, id: string, signal: AbortSignal): Promise<number> {
  for (;;) {
    const { state, progress, failures } = await client.get(id, signal);
    if (state === CampaignState.SUCCEEDED) return progress?.done ?? 0;
    if (state !== CampaignState.RUNNING) throw new Error(`It ended as ${state}: ${failures.join('; ')}`);
    await sleep(50);
  }
}
