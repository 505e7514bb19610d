import { Lifecycle, systemClock, type Logger } from '@unpair/platform';
import { temporaryFolder, type TemporaryFolder } from '../../../../test/kit/index.js';
import { readWorkerConfig } from '../../src/config.js';
import { startWorker, type Worker } from '../../src/worker.js';
import { silent, type TestCluster } from './cluster.js';

const computeMain = new URL('../../dist/compute/main.js', import.meta.url);

/** A program of the tests' own runs from its sources. */
const fromSources = ['--conditions=source', '--import', 'tsx'];

export interface TestWorkerOptions {
  readonly name?: string;
  /** The compute process's program: the real one unless said. */
  readonly entry?: URL;
  readonly environment?: Readonly<Record<string, string>>;
  /** Nothing is logged unless said. */
  readonly logger?: Logger;
}

/** The environment of a worker for a test. */
export function environmentFor(
  cluster: TestCluster,
  folder: TemporaryFolder,
  { name = 'worker-1', environment = {} }: TestWorkerOptions,
): Record<string, string> {
  return {
    UNPAIR_NATS_URL: cluster.server.url,
    UNPAIR_WORKER_ID: name,
    UNPAIR_CACHE_DIR: folder.path,
    UNPAIR_RETRY_MILLISECONDS: '50',
    UNPAIR_DRAIN_SECONDS: '5',
    ...environment,
  };
}

/** A worker whose agent is in this process, so that a test sees into it; its compute process is real. */
export interface TestWorker extends Worker, AsyncDisposable {
  /** Its metrics page. */
  metrics(): Promise<string>;
  /** The value of one series, 0 where it does not exist. */
  metric(series: string): Promise<number>;
}

export async function startTestWorker(
  cluster: TestCluster,
  options: TestWorkerOptions = {},
): Promise<TestWorker> {
  const folder = await temporaryFolder();
  const config = readWorkerConfig(environmentFor(cluster, folder, options));
  const { logger = silent } = options;
  const lifecycle = new Lifecycle({ logger, clock: systemClock, deadline: 20_000 });
  const program =
    options.entry === undefined
      ? { entry: computeMain, execArgv: [] }
      : { entry: options.entry, execArgv: fromSources };
  const worker = await startWorker({ config, version: '0.0.0-test', program, logger, lifecycle });
  const metrics = async (): Promise<string> =>
    (await fetch(`http://${worker.metricsAddress}/metrics`)).text();
  return {
    ...worker,
    metrics,
    metric: async (series) => {
      const line = (await metrics()).split('\n').find((one) => one.startsWith(`${series} `));
      return Number(line?.split(' ').at(-1) ?? 0);
    },
    async [Symbol.asyncDispose]() {
      await lifecycle.stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}
