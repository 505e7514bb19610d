import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

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
  readonly batchOccupancy: Gauge;
  readonly busy: Gauge;
  readonly info: Gauge<'runtime' | 'version' | 'device'>;
}

/** Registers a worker's metrics. */
export function createWorkerMetrics(registry: Registry): WorkerMetrics {
  const registers = [registry];
  const counter = <L extends string = never>(name: string, help: string, labelNames: L[] = []): Counter<L> =>
    new Counter({ name: `unpair_worker_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string): Gauge =>
    new Gauge({ name: `unpair_worker_${name}`, help, registers });
  return {
    tasks: counter('tasks_total', 'Deliveries of tasks by kind and by what became of them.', [
      'kind',
      'outcome',
    ]),
    taskSeconds: new Histogram({
      name: 'unpair_worker_task_seconds',
      help: 'Time from the delivery of a task to its accepted result, by kind.',
      labelNames: ['kind'],
      buckets: [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000],
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
    batchOccupancy: gauge(
      'batch_occupancy_ratio',
      'How full the batches of the last task were, from 0 to 1.',
    ),
    info: new Gauge({
      name: 'unpair_worker_info',
      help: 'What the worker computes with: always 1.',
      labelNames: ['runtime', 'version', 'device'],
      registers,
    }),
    busy: gauge('busy', 'Whether a task is in hand: 1 or 0.'),
  };
}
