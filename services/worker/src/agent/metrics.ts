import { BUILT_IN } from '@unpair/campaign';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { residentBytes } from './compute-limits.js';

/** What became of one delivery of a task. */
export type DeliveryOutcome =
  /** Its result was accepted. */
  | 'done'
  /** A result that says that the task can never succeed was accepted. */
  | 'failed'
  /** Given up, after too many attempts. */
  | 'dead_letter'
  /** Another attempt's result was there first. */
  | 'refused'
  /** Given back after a passing failure. */
  | 'retried'
  /** Given back because this worker is leaving, or does not know what it asks for. */
  | 'handed_back'
  /** Taken out of the queue since nobody wants its result any more. */
  | 'abandoned'
  /** Taken out of the queue since it is no task. */
  | 'dropped';

/** Why target evaluations were thrown away. */
type WasteReason = 'refused' | 'lost';

const outcomes: readonly DeliveryOutcome[] = [
  ...(['done', 'failed', 'dead_letter', 'refused', 'retried'] as const),
  ...(['handed_back', 'abandoned', 'dropped'] as const),
];

/** Kinds of tasks, as the messages have them; `unknown` is what cannot be read. */
const kinds = [
  'derive',
  'accuracy',
  'similarity',
  'alignment',
  'masking',
  'prepare',
  'attack',
  'unknown',
] as const;

/** Everything that a worker counts. Labels have few values and never name a task, a campaign or a pod. */
export interface WorkerMetrics {
  readonly tasks: Counter<'kind' | 'outcome'>;
  readonly taskSeconds: Histogram<'kind'>;
  readonly queries: Counter<'attack'>;
  readonly wastedQueries: Counter<'reason'>;
  readonly redeliveries: Counter;
  readonly heartbeats: Counter;
  readonly computeRestarts: Counter;
  readonly checkpoints: Counter;
  readonly resumedSteps: Counter<'from'>;
  readonly outOfMemory: Counter<'graph'>;
  readonly images: Counter;
  readonly batches: Counter;
  readonly endpointRetries: Counter;
  readonly batchOccupancy: Gauge;
  readonly busy: Gauge;
  /** Artefacts that tasks asked for, by whether they were on this machine: `hit` or `miss`. */
  readonly cacheLookups: Counter<'found'>;
  readonly info: Gauge<'runtime' | 'version' | 'device'>;
}

/** Registers a worker's metrics. */
export function createWorkerMetrics(registry: Registry): WorkerMetrics {
  const registers = [registry];
  const counter = <L extends string = never>(name: string, help: string, labelNames: L[] = []): Counter<L> =>
    new Counter({ name: `unpair_worker_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string): Gauge =>
    new Gauge({ name: `unpair_worker_${name}`, help, registers });
  const metrics: WorkerMetrics = {
    tasks: counter('tasks_total', 'Deliveries of tasks by kind and by what became of them.', [
      'kind',
      'outcome',
    ]),
    taskSeconds: new Histogram({
      name: 'unpair_worker_task_seconds',
      help: 'Time from the delivery of a task to its accepted result, by kind.',
      labelNames: ['kind'],
      buckets: [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000],
      registers,
    }),
    queries: counter('queries_total', 'Billed target evaluations in accepted results, by attack.', [
      'attack',
    ]),
    wastedQueries: counter(
      'wasted_queries_total',
      'Target evaluations of attempts that were refused or lost, by reason.',
      ['reason'],
    ),
    redeliveries: counter('redeliveries_total', 'Tasks received that had been delivered before.'),
    heartbeats: counter('lease_heartbeats_total', 'Signs of life sent for the task in hand.'),
    computeRestarts: counter('compute_restarts_total', 'Compute processes that ended unasked.'),
    checkpoints: counter('checkpoints_stored_total', 'States of training put into the object store.'),
    resumedSteps: counter(
      'resumed_steps_total',
      'Steps of training that were not done again, by where their checkpoint was: disk or store.',
      ['from'],
    ),
    outOfMemory: counter(
      'out_of_memory_total',
      'Runs of a graph that did not fit in memory and were repeated with fewer samples, by graph.',
      ['graph'],
    ),
    images: counter('images_total', 'Samples that went through a graph.'),
    batches: counter('batches_total', 'Runs of a graph.'),
    endpointRetries: counter('endpoint_retries_total', 'Repeated requests to endpoints: no queries.'),
    batchOccupancy: gauge('batch_occupancy_ratio', 'How full the batches of the last task were, of 1.'),
    info: new Gauge({
      name: 'unpair_worker_info',
      help: 'What the worker computes with: always 1.',
      labelNames: ['runtime', 'version', 'device'],
      registers,
    }),
    cacheLookups: counter(
      'cache_lookups_total',
      'Artefacts that tasks asked for, by whether they were here.',
      ['found'],
    ),
    busy: gauge('busy', 'Whether a task is in hand: 1 or 0.'),
  };
  begin(metrics);
  return metrics;
}

/** Every value of a label that is known beforehand: a counter that begins with its first event hides that one from `increase`. */
function begin(metrics: WorkerMetrics): void {
  for (const kind of kinds) {
    for (const outcome of outcomes) metrics.tasks.inc({ kind, outcome }, 0);
    metrics.taskSeconds.zero({ kind });
  }
  for (const { name: attack } of [...BUILT_IN.attacks, ...BUILT_IN.siblings])
    metrics.queries.inc({ attack }, 0);
  for (const reason of ['refused', 'lost'] satisfies WasteReason[]) metrics.wastedQueries.inc({ reason }, 0);
  for (const from of ['disk', 'store']) metrics.resumedSteps.inc({ from }, 0);
  for (const found of ['hit', 'miss']) metrics.cacheLookups.inc({ found }, 0);
}

/** Registers what the compute process holds, as it is when it is asked for. */
export function registerComputeGauges(
  registry: Registry,
  compute: { readonly pid: number | undefined; readonly models: readonly string[] },
): void {
  new Gauge({
    name: 'unpair_worker_compute_memory_bytes',
    help: 'Memory that the compute process holds; 0 where that cannot be told.',
    registers: [registry],
    async collect() {
      this.set(compute.pid === undefined ? 0 : await residentBytes(compute.pid));
    },
  });
  new Gauge({
    name: 'unpair_worker_models_held',
    help: 'Models that the compute process keeps loaded.',
    registers: [registry],
    collect() {
      this.set(compute.models.length);
    },
  });
}
