import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { connectNats, createLogger, RpcClient, startNatsServer } from '@unpair/platform';
import { CampaignServiceService, leastRoles } from '@unpair/protocol';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Campaigns } from '../chaos/campaigns.js';
import { Crowd, lookInterval, undisturbed } from '../chaos/crowd.js';

/**
 * `npm run fuzz-services -- --messages 100000 --seed 1`: sends random messages over every call of every service and every subject of NATS,
 * to a coordinator and a worker of its own, while campaigns run on them; says what became of their memory and of the campaigns. The
 * first tenth of the messages only warms up: from there on memory may grow by so many MiB (`--growth`).
 */
const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    together: { type: 'string', default: '50' },
    growth: { type: 'string', default: '64' },
  },
});

/** Node collects late where it may take gigabytes: under so many MiB, what grows is what is held. */
const smallHeap = '--max-old-space-size=160';

const folder = await mkdtemp(join(tmpdir(), 'unpair-fuzz-'));
const nats = await startNatsServer({ directory: join(folder, 'nats') });
const children: ChildProcess[] = [];

interface Service {
  readonly child: ChildProcess;
  /** Addresses. */
  readonly grpc: string;
  readonly metrics: string;
}

/** Starts a compiled service, and waits until it says where it serves gRPC. */
async function start(name: string, settings: Readonly<Record<string, string>>): Promise<Service> {
  const main = fileURLToPath(new URL(`../../services/${name}/dist/main.js`, import.meta.url));
  const child = spawn(process.execPath, [smallHeap, main], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      ...process.env,
      ...{
        UNPAIR_NATS_URL: nats.url,
        UNPAIR_GRPC_ADDRESS: '127.0.0.1:0',
        UNPAIR_METRICS_ADDRESS: '127.0.0.1:0',
      },
      ...settings,
    },
  });
  children.push(child);
  for (;;) {
    const [message] = (await once(child, 'message')) as [Omit<Service, 'child'> & { readonly type: string }];
    if (message.type === 'ready') return { ...message, child };
  }
}

/** Mulberry32: what a seed sends can be sent again. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const next = random(Number(values.seed));
const below = (n: number): number => Math.floor(next() * n);
const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;
const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => below(256)));

/** Fields that decode, and hold nonsense. */
function nonsense(): Buffer {
  const fields = Array.from({ length: 1 + below(6) }, () => {
    const content = below(4) === 0 ? Buffer.from('c-0123456789abcdef0123') : bytes(below(60));
    return Buffer.concat([Buffer.from([((1 + below(12)) << 3) | 2, content.length]), content]);
  });
  return Buffer.concat(fields);
}

/** One message: of random bytes, of fields with nonsense, cut short, empty, or now and then too large. */
function message(): Buffer {
  const kind = below(100);
  if (kind === 0) return Buffer.alloc(5 * 2 ** 20);
  if (kind < 10) return Buffer.alloc(0);
  if (kind < 40) return bytes(below(200));
  const whole = nonsense();
  return kind < 60 ? whole.subarray(0, below(whole.length)) : whole;
}

const asIs = (value: Buffer): Buffer => value;
const counts = new Map<string, number>();

function call(client: Client, path: string): Promise<void> {
  return new Promise((resolve) => {
    const stream = client.makeBidiStreamRequest(path, asIs, asIs, new Metadata(), {
      deadline: Date.now() + 1_000,
    });
    stream.on('data', () => undefined);
    stream.on('error', () => undefined);
    stream.once('status', ({ code }) => {
      counts.set(String(code), (counts.get(String(code)) ?? 0) + 1);
      resolve();
    });
    stream.write(message());
    if (below(10) === 0) stream.cancel();
    else stream.end();
  });
}

const subjects = [
  ...['results.c-0123.0', 'results.c-0123.0.1', 'wasted.c-0123', 'training.c-0123.0', 'workers.fuzz'],
  ...['tasks.any_x_measure.c-0123.0', 'results.x', 'training.a.b.c', '$KV.unpair-leader-not.x'],
];

const mebibytes = (count: number): number => Math.round(count / 2 ** 20);

/** What a process holds: memory of the system, of objects and of buffers, MiB; and lines of metrics. */
async function holdings({
  child,
  metrics,
}: Service): Promise<{ readonly text: string; readonly rss: number }> {
  const status = readFileSync(`/proc/${child.pid ?? 0}/status`, 'utf8');
  const page = await (await fetch(`http://${metrics}/metrics`)).text();
  const gauge = (name: string): number =>
    mebibytes(Number(new RegExp(`^${name} (.+)$`, 'm').exec(page)?.[1]));
  const rss = mebibytes(1_024 * Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0));
  const [heap, external] = [gauge('nodejs_heap_size_used_bytes'), gauge('nodejs_external_memory_bytes')];
  const text = `${rss} MiB (objects ${heap}, buffers ${external}; ${page.split('\n').length} lines of metrics)`;
  return { text, rss };
}

/** Services that grew once they were warm. */
function growths(resident: readonly Readonly<Record<'coordinator' | 'worker', number>>[]): string[] {
  const [warm, last] = [resident[1], resident.at(-1)];
  if (warm === undefined || last === undefined) return [];
  return (['coordinator', 'worker'] as const)
    .filter((name) => last[name] - warm[name] > Number(values.growth))
    .map((name) => `the ${name} grew from ${warm[name]} to ${last[name]} MiB`);
}

const exits: string[] = [];
const faults: string[] = [];
try {
  const coordinator = await start('coordinator', { UNPAIR_DATABASE: join(folder, 'results.duckdb') });
  const worker = await start('worker', {
    UNPAIR_WORKER_ID: 'fuzzed',
    UNPAIR_CACHE_DIR: join(folder, 'cache'),
  });
  const services = { coordinator, worker };
  for (const [name, { child }] of Object.entries(services))
    child.once('exit', (code, signal) => exits.push(`${name} ended by itself: ${String(code ?? signal)}`));
  const connection = await connectNats({
    url: nats.url,
    name: 'fuzz',
    logger: createLogger({ service: 'fuzz' }),
  });
  const atCoordinator = new Client(coordinator.grpc, credentials.createInsecure());
  const atWorker = new Client(worker.grpc, credentials.createInsecure());
  // A worker that is told to drain leaves, as it should.
  const paths = Object.keys(leastRoles).filter((path) => !path.endsWith('/Drain'));
  const total = Number(values.messages);
  const step = Math.max(1, Math.floor(total / 10));
  const resident: Record<keyof typeof services, number>[] = [];
  const look = async (count: number): Promise<void> => {
    const [first, second] = await Promise.all([holdings(coordinator), holdings(worker)]);
    resident.push({ coordinator: first.rss, worker: second.rss });
    console.log(`${count} messages: coordinator ${first.text}, worker ${second.text}`);
  };
  const stop = new AbortController();
  const campaigns = await Campaigns.write(folder, 1);
  const expected = await undisturbed(coordinator.grpc, campaigns, stop.signal);
  using crowd = new Crowd(coordinator.grpc, campaigns, expected, stop.signal);
  let sent = 0;
  const send = async (): Promise<void> => {
    if (below(4) === 0) {
      connection.publish(pick(subjects), message().subarray(0, 500_000));
      return;
    }
    const path = pick(paths);
    const isWorkers = path.includes('Worker') || path.includes('Inference');
    await call(isWorkers ? atWorker : atCoordinator, path);
  };
  const loop = async (): Promise<void> => {
    while (sent < total && exits.length === 0) {
      if (sent++ % step === 0) await look(sent - 1);
      await send();
    }
  };
  const work = async (): Promise<void> => {
    while (sent < total && exits.length === 0) {
      if (crowd.active === 0) await crowd.submit();
      await crowd.look();
      await sleep(lookInterval);
    }
  };
  await Promise.all([work(), ...Array.from({ length: Number(values.together) }, loop)]);
  await connection.flush();
  const stuck = await crowd.settle(120);
  await look(sent);
  faults.push(...crowd.violations, ...stuck, ...growths(resident));
  console.log(`${crowd.submitted} campaigns ran meanwhile`);
  console.log('statuses by number:', Object.fromEntries([...counts].sort()));
  using client = new RpcClient(coordinator.grpc);
  const request = { pageSize: 0, pageToken: '', states: [], labels: {} };
  const { campaigns: known } = await client.unary(CampaignServiceService.listCampaigns, request, {
    timeout: 10_000,
  });
  const { workers } = await client.unary(CampaignServiceService.listWorkers, {}, { timeout: 10_000 });
  if (known.length < crowd.submitted) faults.push(`${known.length} campaigns are known afterwards`);
  console.log(`afterwards: ${known.length} campaigns, ${workers.length} workers`);
  atCoordinator.close();
  atWorker.close();
  await connection.close();
} finally {
  for (const line of [...exits, ...faults]) console.log(line);
  process.exitCode = exits.length + faults.length > 0 ? 1 : 0;
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  }
  await nats[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
}
