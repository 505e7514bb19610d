import type { QueueDepth, StorageFacts } from '@unpair/platform';
import { anyLabel, queueName, workKinds, type LiveWorker } from '@unpair/protocol';
import { Gauge, type Registry } from 'prom-client';
import type { CampaignRun } from '../campaigns/campaign-run.js';
import type { Vigil } from './vigil.js';

export interface ClusterGaugeOptions {
  readonly registry: Registry;
  /** All campaigns. */
  readonly runs: () => Iterable<CampaignRun>;
  readonly workers: { all(): readonly LiveWorker[] };
  readonly vigil: Vigil;
  /** How full each queue is. */
  readonly depths: () => Promise<ReadonlyMap<string, QueueDepth>>;
  readonly storage: () => Promise<StorageFacts>;
}

/** Registers the gauges of workers, of what waits for them, and of the broker. */
export function registerClusterGauges(options: ClusterGaugeOptions): void {
  registerWorkerGauges(options);
  registerBacklog(options);
  registerQueueGauges(options);
  registerStorageGauges(options);
}

function registerWorkerGauges({ registry, workers, vigil }: ClusterGaugeOptions): void {
  const registers = [registry];
  new Gauge({
    name: 'unpair_workers',
    help: 'Workers that have told of themselves within the last seconds, by whether they have a task in hand.',
    labelNames: ['state'],
    registers,
    collect() {
      const tasks = workers.all().map(({ report }) => report?.tasks.length ?? 0);
      this.set({ state: 'busy' }, tasks.filter((count) => count > 0).length);
      this.set({ state: 'idle' }, tasks.filter((count) => count === 0).length);
    },
  });
  new Gauge({
    name: 'unpair_worker_slots',
    help: 'Tasks that live workers could work on at a time, by queue, and by the label and kind that it is for.',
    labelNames: ['queue', 'label', 'kind'],
    registers,
    collect() {
      this.reset();
      for (const { report } of workers.all())
        for (const kind of workKinds)
          if (report?.kinds.includes(kind) === true)
            this.inc({ queue: queueName({ ...report, kind }), label: report.label, kind }, report.slots);
    },
  });
  new Gauge({
    name: 'unpair_oldest_task_seconds',
    help: 'How long nothing was heard of the task that workers have in hand for longest; 0 where there is none.',
    registers,
    collect() {
      this.set(vigil.oldestTask());
    },
  });
}

/** What workers are wanted for, also while none is there. */
function registerBacklog({ registry, runs }: ClusterGaugeOptions): void {
  new Gauge({
    name: 'unpair_open_tasks',
    help: 'Tasks of running campaigns that have not reached their end, queued or not, by the label and kind of workers that may take them.',
    labelNames: ['label', 'kind'],
    registers: [registry],
    collect() {
      this.reset();
      for (const kind of workKinds) this.set({ label: anyLabel, kind }, 0);
      for (const { file, workload, ended, isPaused } of runs()) {
        if (ended || isPaused) continue;
        const label = file.placement.label ?? anyLabel;
        for (const kind of workKinds) this.inc({ label, kind }, workload.open(kind));
      }
    },
  });
}

/** Of a broker that does not answer nothing is said: {@link ConnectionMetrics} tells that it does not. */
function registerQueueGauges({ registry, depths }: ClusterGaugeOptions): void {
  const gauge = (name: string, help: string): Gauge<'queue'> =>
    new Gauge({ name: `unpair_queue_${name}`, help, labelNames: ['queue'], registers: [registry] });
  const held = gauge('held_tasks', 'Queued tasks that workers hold, by queue.');
  const redelivered = gauge('redelivered_tasks', 'Tasks that workers hold for more than the first time.');
  new Gauge({
    name: 'unpair_queue_depth_tasks',
    help: 'Tasks in each queue, taken by a worker or not: no more than its window, whatever waits behind it.',
    labelNames: ['queue'],
    registers: [registry],
    async collect() {
      const now = await depths().catch(() => new Map<string, QueueDepth>());
      for (const each of [this, held, redelivered]) each.reset();
      for (const [queue, depth] of now) {
        this.set({ queue }, depth.waiting + depth.held);
        held.set({ queue }, depth.held);
        redelivered.set({ queue }, depth.redelivered);
      }
    },
  });
}

function registerStorageGauges({ registry, storage }: ClusterGaugeOptions): void {
  const gauge = (name: string, help: string, labelNames: string[] = ['stream']): Gauge =>
    new Gauge({ name: `unpair_${name}`, help, labelNames, registers: [registry] });
  const limit = gauge('stream_limit_bytes', 'Bytes that each stream may have, where it has a limit.');
  const missing = gauge('stream_missing_replicas', 'Copies of each stream that are not up to date.');
  const used = gauge('storage_bytes', 'Bytes that all streams have together.', []);
  const room = gauge('storage_limit_bytes', 'Bytes that all may have, where the account has a limit.', []);
  new Gauge({
    name: 'unpair_stream_bytes',
    help: 'Bytes of each stream of the broker.',
    labelNames: ['stream'],
    registers: [registry],
    async collect() {
      const facts = await storage().catch(() => undefined);
      for (const each of [this, limit, missing, used, room]) each.reset();
      used.remove();
      room.remove();
      if (facts === undefined) return;
      used.set(facts.bytes);
      if (facts.maxBytes > 0) room.set(facts.maxBytes);
      for (const { name: stream, bytes, maxBytes, replicas, current } of facts.streams) {
        this.set({ stream }, bytes);
        if (maxBytes > 0) limit.set({ stream }, maxBytes);
        missing.set({ stream }, Math.max(0, replicas - current));
      }
    },
  });
}
