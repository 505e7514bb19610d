import { spawn, type ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../cli/src/local/free-port.js';
import { Member } from '../chaos/member.js';
import { TestNatsServer } from '../kit/index.js';
import { Prometheus } from './panel-table.js';
import { prometheusFolder } from './promtool.js';

const program = (path: string): string =>
  fileURLToPath(new URL(`../../${path}/dist/main.js`, import.meta.url));

/** A broker, a coordinator and two workers that a real Prometheus scrapes; what ends is started again. */
export class WatchedCluster implements AsyncDisposable {
  readonly nats: TestNatsServer;
  readonly server: string;
  readonly prometheus: Prometheus;
  readonly coordinator: Member;
  readonly workers: readonly Member[];
  readonly #folder: string;
  readonly #members: Member[];
  #run: ChildProcess | undefined;

  private constructor(nats: TestNatsServer, folder: string, server: string, at: Addresses) {
    this.nats = nats;
    this.server = server;
    this.#folder = folder;
    this.prometheus = new Prometheus(at.prometheus);
    this.coordinator = this.#service('coordinator', at.coordinator, {
      UNPAIR_GRPC_ADDRESS: server,
      UNPAIR_DATABASE: join(folder, 'results.duckdb'),
      UNPAIR_DRAIN_NOTICE_SECONDS: '0',
    });
    this.workers = at.workers.map((address, index) =>
      this.#service('worker', address, {
        UNPAIR_WORKER_ID: `worker-${index}`,
        UNPAIR_CACHE_DIR: join(folder, `cache-${index}`),
        UNPAIR_DRAIN_SECONDS: '1',
      }),
    );
    this.#members = [this.coordinator, ...this.workers];
  }

  static async start(folder: string): Promise<WatchedCluster> {
    const nats = await TestNatsServer.start();
    const free = async (): Promise<string> => `127.0.0.1:${await freePort()}`;
    const at = { prometheus: await free(), coordinator: await free(), workers: [await free(), await free()] };
    const cluster = new WatchedCluster(nats, folder, await free(), at);
    await cluster.#watch(at);
    return cluster;
  }

  #service(kind: 'coordinator' | 'worker', metrics: string, environment: Record<string, string>): Member {
    const shared = { UNPAIR_NATS_URL: this.nats.url, UNPAIR_METRICS_ADDRESS: metrics };
    return this.#member(metrics, process.execPath, [program(`services/${kind}`)], {
      ...shared,
      ...environment,
    });
  }

  async #watch({ prometheus, coordinator, workers }: Addresses): Promise<void> {
    const configuration = {
      global: { scrape_interval: '2s', evaluation_interval: '2s' },
      rule_files: [`${prometheusFolder}rules/*.yaml`],
      scrape_configs: [
        { job_name: 'unpair-coordinator', static_configs: [{ targets: [coordinator] }] },
        { job_name: 'unpair-worker', static_configs: [{ targets: workers }] },
      ],
    };
    const file = join(this.#folder, 'prometheus.json');
    await writeFile(file, JSON.stringify(configuration));
    const data = `--storage.tsdb.path=${join(this.#folder, 'prometheus')}`;
    const words = [`--config.file=${file}`, data, `--web.listen-address=${prometheus}`];
    this.#members.push(this.#member('prometheus', 'prometheus', words));
  }

  /** Starts a campaign by the command, which follows it to its end. */
  run(file: string): void {
    const words = [program('cli'), 'run', file, '--server', this.server, '--out', join(this.#folder, 'out')];
    this.#run = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'] });
  }

  #member(name: string, command: string, words: readonly string[], environment = {}): Member {
    return new Member({ name, command, words, environment, log: join(this.#folder, `${name}.log`) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#run?.kill();
    for (const member of this.#members.reverse()) await member[Symbol.asyncDispose]();
    await this.nats[Symbol.asyncDispose]();
  }
}

interface Addresses {
  readonly prometheus: string;
  readonly coordinator: string;
  readonly workers: readonly string[];
}
