import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosCluster, Peer } from './cluster.js';
import { fillDisk } from './disk.js';
import type { Meddler } from './meddler.js';
import type { Fault } from './schedule.js';

export interface Means {
  readonly cluster: ChaosCluster;
  /** Who deletes streams and writes nonsense. */
  readonly meddler: Meddler;
  /** Ends a campaign as a user would. */
  readonly cancel: () => Promise<void>;
}

/** Does to a cluster what a fault says; resolves when it is over. */
export async function inflict(
  { kind, whom, seconds }: Fault,
  { cluster, meddler, cancel }: Means,
): Promise<void> {
  const worker = pick(cluster.workers, whom);
  const coordinator = pick(cluster.coordinators, whom);
  const nodes = cluster.broker.members;
  switch (kind) {
    case 'kill-worker':
      worker.member.kill();
      return;
    case 'kill-compute':
      await worker.member.killChildren();
      return;
    case 'kill-broker':
      pick(nodes, whom).kill();
      return;
    case 'kill-coordinator':
      coordinator.member.kill();
      return;
    case 'kill-all':
      for (const member of cluster.members) member.kill();
      return;
    case 'drain-worker':
      worker.member.signal('SIGTERM');
      return;
    case 'stop-worker':
      await stopped(worker, seconds);
      return;
    case 'stop-coordinator':
      await stopped(coordinator, seconds);
      return;
    case 'broker-down':
      for (const node of nodes) node.hold();
      await sleep(seconds * 1_000);
      for (const node of nodes) node.release();
      return;
    case 'cut-worker':
      await parted(worker, 'cut', seconds);
      return;
    case 'silence-worker':
      await parted(worker, 'silence', seconds);
      return;
    case 'cut-coordinator':
    case 'lose-coordinator':
      await parted(coordinator, 'cut', seconds);
      return;
    case 'silence-coordinator':
      await parted(coordinator, 'silence', seconds);
      return;
    case 'cancel-campaign':
      await cancel();
      return;
    case 'join-workers':
      await cluster.join(seconds);
      return;
    case 'fill-disk':
      await fillDisk(cluster.broker.store, seconds);
      for (const node of nodes) node.kill();
      return;
    default:
      await meddler[kind]();
  }
}

function pick<T>(items: readonly T[], whom: number): T {
  const item = items[whom % items.length];
  if (item === undefined) throw new RangeError('There is nobody that this could happen to.');
  return item;
}

async function stopped({ member }: Peer, seconds: number): Promise<void> {
  member.signal('SIGSTOP');
  await sleep(seconds * 1_000);
  member.signal('SIGCONT');
}

async function parted({ proxies }: Peer, how: 'cut' | 'silence', seconds: number): Promise<void> {
  for (const proxy of proxies) proxy[how]();
  await sleep(seconds * 1_000);
  for (const proxy of proxies) proxy.heal();
}
