import { freePort } from '../../cli/src/local/free-port.js';
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Broker, type BrokerOptions } from './broker.js';
import { clockOff } from './clock.js';
import { Member } from './member.js';
import type { Proxy } from './proxy.js';

const program = (service: string): string =>
  fileURLToPath(new URL(`../../services/${service}/dist/main.js`, import.meta.url));

/** Makes a worker write results without the fence: the suite must fail then. */
const fenceless = fileURLToPath(new URL('without-fence.cjs', import.meta.url));

export interface ClusterOptions extends BrokerOptions {
  readonly coordinators: number;
  readonly workers: number;
  /** Whether results are fenced; false for the suite's own test. */
  readonly fenced: boolean;
  /** Workers that a `join-workers` adds; 3 unless said. */
  readonly joining?: number;
  /** Whether the last coordinator's clock is an hour late, and the last worker's an hour early. */
  readonly clocksOff?: boolean;
}

/** A process with ways of its own to the broker. */
export interface Peer {
  readonly member: Member;
  readonly proxies: readonly Proxy[];
}

/** A whole cluster of real processes: built services, a real broker, and proxies between them. */
export class ChaosCluster implements AsyncDisposable {
  readonly broker: Broker;
  readonly coordinators: readonly Peer[];
  readonly workers: readonly Peer[];
  /** Addresses of the coordinators' gRPC, separated by commas. */
  readonly server: string;
  readonly #options: ClusterOptions;
  #joined = 0;

  private constructor(
    options: ClusterOptions,
    broker: Broker,
    coordinators: Peer[],
    workers: Peer[],
    server: string,
  ) {
    this.#options = options;
    this.broker = broker;
    this.coordinators = coordinators;
    this.workers = workers;
    this.server = server;
  }

  static async start(options: ClusterOptions): Promise<ChaosCluster> {
    const broker = await Broker.start(options);
    const addresses: string[] = [];
    const coordinators: Peer[] = [];
    for (let index = 1; index <= options.coordinators; index++) {
      const address = `127.0.0.1:${await freePort()}`;
      addresses.push(address);
      const off = options.clocksOff === true && index === options.coordinators ? clockOff(-1) : {};
      coordinators.push(await coordinator(`coordinator-${index}`, address, broker, options, off));
    }
    const workers: Peer[] = [];
    for (let index = 1; index <= options.workers; index++) {
      const off = options.clocksOff === true && index === options.workers ? clockOff(1) : {};
      workers.push(await worker(`worker-${index}`, broker, options, off));
    }
    return new ChaosCluster(options, broker, coordinators, workers, addresses.join(','));
  }

  get members(): readonly Member[] {
    const peers = [...this.coordinators, ...this.workers].map(({ member }) => member);
    return [...this.broker.members, ...peers];
  }

  /** Workers join for so long, and leave: every other one by SIGTERM, the rest by kill -9. */
  async join(seconds: number): Promise<void> {
    const joining: Peer[] = [];
    try {
      for (let index = 0; index < (this.#options.joining ?? 3); index++)
        joining.push(await worker(`joined-${++this.#joined}`, this.broker, this.#options));
      await sleep(seconds * 1_000);
      for (const [index, { member }] of joining.entries()) if (index % 2 === 0) await member.leave(5_000);
    } finally {
      for (const { member, proxies } of joining) {
        await member[Symbol.asyncDispose]();
        for (const proxy of proxies) await proxy[Symbol.asyncDispose]();
      }
    }
  }

  /** Ends every fault that lasts. */
  heal(): void {
    for (const { proxies } of [...this.coordinators, ...this.workers])
      for (const proxy of proxies) proxy.heal();
    for (const member of this.members) {
      member.signal('SIGCONT');
      member.release();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.heal();
    for (const { member, proxies } of [...this.workers, ...this.coordinators]) {
      await member[Symbol.asyncDispose]();
      for (const proxy of proxies) await proxy[Symbol.asyncDispose]();
    }
    await this.broker[Symbol.asyncDispose]();
  }
}

async function coordinator(
  name: string,
  address: string,
  broker: Broker,
  { folder, brokers }: ClusterOptions,
  clock: Readonly<Record<string, string>>,
): Promise<Peer> {
  const environment = {
    ...clock,
    UNPAIR_GRPC_ADDRESS: address,
    UNPAIR_METRICS_ADDRESS: '127.0.0.1:0',
    UNPAIR_DATABASE: join(folder, name, 'results.duckdb'),
    UNPAIR_REPLICAS: `${brokers}`,
    UNPAIR_ACK_WAIT_SECONDS: '3',
    UNPAIR_DRAIN_NOTICE_SECONDS: '0',
  };
  return peer(name, [program('coordinator')], environment, broker, folder);
}

async function worker(
  name: string,
  broker: Broker,
  { folder, fenced }: ClusterOptions,
  clock: Readonly<Record<string, string>> = {},
): Promise<Peer> {
  const environment = {
    ...clock,
    UNPAIR_WORKER_ID: name,
    UNPAIR_CACHE_DIR: join(folder, name),
    UNPAIR_RETRY_MILLISECONDS: '200',
    UNPAIR_DRAIN_SECONDS: '1',
  };
  const words = [...(fenced ? [] : ['--require', fenceless]), program('worker')];
  return peer(name, words, environment, broker, folder);
}

async function peer(
  name: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
  broker: Broker,
  folder: string,
): Promise<Peer> {
  await mkdir(join(folder, name), { recursive: true });
  const proxies = await broker.proxies();
  const url = proxies.map((proxy) => proxy.url).join(',');
  const member = new Member({
    name,
    command: process.execPath,
    words,
    environment: { ...environment, UNPAIR_NATS_URL: url },
    log: join(folder, `${name}.log`),
  });
  return { member, proxies };
}
