import { connectNats, createLogger } from '@unpair/platform';
import type { NatsConnection } from 'nats';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Campaigns } from './campaigns.js';
import { ChaosCluster, type ClusterOptions } from './cluster.js';
import { Crowd, lookInterval, undisturbed } from './crowd.js';
import { inflict, type Means } from './inflict.js';
import { violationsOf } from './invariants.js';
import { Meddler } from './meddler.js';
import { RecoveryWatch } from './recovery.js';
import type { Fault, FaultKind } from './schedule.js';

export interface ChaosOptions extends ClusterOptions {
  readonly faults: readonly Fault[];
  /** Campaigns that run at once. */
  readonly campaigns: number;
  /** Seconds for which campaigns that end are followed by new ones. */
  readonly seconds: number;
  /** Seconds that all may take to end once nothing happens any more. */
  readonly patience: number;
  readonly onEvent?: (text: string) => void;
}

export interface ChaosOutcome {
  /** Sentences; none where every invariant holds. */
  readonly violations: readonly string[];
  readonly campaigns: number;
  readonly worst: ReadonlyMap<FaultKind, { readonly count: number; readonly seconds: number }>;
  readonly restarts: number;
}

const VARIANTS = 3;
/** How long what the broker holds may take to be as it should. */
const SWEEP_MS = 60_000;

/** Runs campaigns on a cluster while faults happen to it, and says what did not hold. */
export async function runChaos(options: ChaosOptions): Promise<ChaosOutcome> {
  const { folder } = options;
  const work = join(folder, 'campaigns');
  await mkdir(work, { recursive: true });
  const campaigns = await Campaigns.write(work, VARIANTS);
  await using cluster = await ChaosCluster.start(options);
  const stop = new AbortController();
  const expected = await undisturbed(cluster.server, campaigns, stop.signal);
  using crowd = new Crowd(cluster.server, campaigns, expected, stop.signal);
  const logger = createLogger({ service: 'chaos', level: 'silent' });
  const connection = await connectNats({ url: cluster.broker.url, name: 'chaos', logger });
  const watch = new RecoveryWatch(connection);
  const ids = async (): Promise<string[]> => (await crowd.list()).map(({ id }) => id);
  const meddler = new Meddler(connection, ids);
  const means = { cluster, meddler, cancel: () => crowd.cancelOne() };
  try {
    const before = cluster.members.reduce((sum, { restarts }) => sum + restarts, 0);
    await Promise.all([follow(crowd, options), inflictAll(options, means, watch)]);
    cluster.heal();
    const stuck = await crowd.settle(options.patience);
    const restarts = cluster.members.reduce((sum, member) => sum + member.restarts, 0) - before;
    const broken = stuck.length > 0 ? stuck : await verdict(crowd, connection);
    return {
      violations: [...crowd.violations, ...broken],
      campaigns: crowd.submitted,
      worst: watch.worst,
      restarts,
    };
  } finally {
    await watch.stop();
    stop.abort();
    await connection.close();
  }
}

async function follow(crowd: Crowd, { campaigns, seconds }: ChaosOptions): Promise<void> {
  const end = performance.now() + seconds * 1_000;
  while (performance.now() < end) {
    while (crowd.active < campaigns && performance.now() < end) await crowd.submit();
    await crowd.look();
    await sleep(lookInterval);
  }
}

async function inflictAll(
  { faults, seconds, onEvent }: ChaosOptions,
  means: Means,
  watch: RecoveryWatch,
): Promise<void> {
  const start = performance.now();
  const now = (): number => (performance.now() - start) / 1_000;
  // What takes longer than planned puts off all that follows: the pauses between faults stay.
  let lag = 0;
  for (const fault of faults) {
    await sleep(Math.max(0, fault.at + lag - now()) * 1_000);
    if (fault.at < seconds && now() > seconds) return;
    onEvent?.(`${now().toFixed(1)} s: ${fault.kind} for ${fault.seconds.toFixed(1)} s`);
    await inflict(fault, means);
    watch.ended(fault.kind);
    lag = Math.max(lag, now() - fault.at - fault.seconds);
  }
}

async function verdict(crowd: Crowd, connection: NatsConnection): Promise<readonly string[]> {
  const campaigns = await crowd.list();
  const missing = crowd.submitted - new Set(campaigns.map(({ id }) => id)).size;
  const forgotten = missing > 0 ? [`${missing} campaigns are forgotten`] : [];
  // Acknowledgements of the last tasks travel behind their results, and what a killed broker keeps is swept in time.
  const end = performance.now() + SWEEP_MS;
  for (;;) {
    const { lasting, passing } = await violationsOf(connection, await crowd.list());
    const over = lasting.length > 0 || passing.length === 0 || performance.now() > end;
    if (over) return [...forgotten, ...lasting, ...passing];
    await sleep(lookInterval);
  }
}
