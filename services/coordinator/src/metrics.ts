import type { TaskResult, WastedAttempt } from '@unpair/protocol';
import { CampaignState } from '@unpair/protocol';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { CampaignRun } from './campaigns/campaign-run.js';
import type { TaskOutcome } from './campaigns/outcome.js';
import type { TaskState } from './campaigns/task-states.js';
import type { SkipReason } from './results/collector.js';
import type { QueueDepth } from '@unpair/platform';
import { registerTrainingGauges } from './training-metrics.js';

export interface CoordinatorMetricsOptions {
  readonly registry: Registry;
  readonly runs: () => Iterable<CampaignRun>;
  readonly depth: () => Promise<QueueDepth>;
  /** Slots of live workers, by queue. */
  readonly slots: () => ReadonlyMap<string, number>;
}

/** Label values of task states, as dashboards show them. */
const stateNames: readonly (readonly [TaskState, string])[] = [
  ['pending', 'pending'],
  ['inFlight', 'in_flight'],
  ['done', 'done'],
  ['failed', 'failed'],
  ['dead', 'dead_letter'],
  ['cancelled', 'cancelled'],
];

/** What the coordinator tells Prometheus. Counters start at zero with the process: replayed results are not counted. */
export class CoordinatorMetrics {
  readonly #results: Counter<'outcome'>;
  readonly #queries: Counter<'attack'>;
  readonly #samples: Counter<'attack' | 'outcome'>;
  readonly #wasted: Counter;
  readonly #skipped: Counter<'reason'>;
  readonly #seconds: Histogram<'kind'>;

  constructor(options: CoordinatorMetricsOptions) {
    const registers = [options.registry];
    this.#results = new Counter({
      name: 'unpair_task_results_total',
      help: 'Accepted results, by outcome.',
      labelNames: ['outcome'],
      registers,
    });
    this.#queries = new Counter({
      name: 'unpair_target_queries_total',
      help: 'Queries to targets in accepted results, by attack.',
      labelNames: ['attack'],
      registers,
    });
    this.#samples = new Counter({
      name: 'unpair_attack_samples_total',
      help: 'Samples attacked in accepted results, by attack and outcome (success or failure).',
      labelNames: ['attack', 'outcome'],
      registers,
    });
    this.#wasted = new Counter({
      name: 'unpair_wasted_queries_total',
      help: 'Queries to targets of attempts whose result came too late.',
      registers,
    });
    this.#skipped = new Counter({
      name: 'unpair_messages_skipped_total',
      help: 'Messages of workers that were not taken in as what they claim to be, by reason.',
      labelNames: ['reason'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'unpair_task_duration_seconds',
      help: 'Time that workers took for tasks with an accepted result, by kind of task.',
      labelNames: ['kind'],
      buckets: [0.1, 0.5, 1, 5, 15, 60, 300, 1_800],
      registers,
    });
    registerCampaignGauges(options);
    registerTrainingGauges(options);
    registerQueueGauges(options);
  }

  /** Counts one accepted result; `attack` names the attack of an attack task, or the way in which a model was made. */
  result(result: TaskResult, { kind, queries }: TaskOutcome, attack: string): void {
    this.#results.inc({ outcome: kind === 'dead' ? 'dead_letter' : kind });
    if (result.outcome === undefined || kind !== 'done') return;
    this.#seconds.observe({ kind: result.outcome.$case }, result.seconds);
    if (queries > 0) this.#queries.inc({ attack }, queries);
    if (result.outcome.$case !== 'attack') return;
    const attacked = result.outcome.value.rows.filter((row) => row.cleanCorrect);
    const successes = attacked.filter((row) => row.success).length;
    this.#samples.inc({ attack, outcome: 'success' }, successes);
    this.#samples.inc({ attack, outcome: 'failure' }, attacked.length - successes);
  }

  /** Counts a message that was not taken in. */
  skipped(reason: SkipReason | 'training'): void {
    this.#skipped.inc({ reason });
  }

  /** Counts the queries of an attempt that came too late. */
  wasted({ queries }: WastedAttempt): void {
    this.#wasted.inc(queries);
  }
}

function registerCampaignGauges({ registry, runs }: CoordinatorMetricsOptions): void {
  const registers = [registry];
  const running = (): CampaignRun[] => [...runs()].filter((run) => !run.ended && !run.isPaused);
  new Gauge({
    name: 'unpair_tasks',
    help: 'Tasks of running campaigns, by state.',
    labelNames: ['state'],
    registers,
    collect() {
      const campaigns = running();
      for (const [state, label] of stateNames) {
        this.set(
          { state: label },
          campaigns.reduce((sum, run) => sum + run.count(state), 0),
        );
      }
    },
  });
  new Gauge({
    name: 'unpair_campaigns',
    help: 'Campaigns, by state.',
    labelNames: ['state'],
    registers,
    collect() {
      const states = [...runs()].map((run) => run.state);
      for (const state of ['RUNNING', 'PAUSED', 'SUCCEEDED', 'FAILED', 'CANCELLED'] as const) {
        const count = states.filter((each) => each === CampaignState[state]).length;
        this.set({ state: state.toLowerCase() }, count);
      }
    },
  });
  new Gauge({
    name: 'unpair_campaign_progress_ratio',
    help: 'Share of tasks that have reached their end, for each running campaign.',
    labelNames: ['campaign'],
    registers,
    collect() {
      this.reset();
      for (const run of running()) {
        const open = run.count('pending') + run.count('inFlight');
        this.set({ campaign: run.id }, run.plan.size === 0 ? 1 : 1 - open / run.plan.size);
      }
    },
  });
}

/** A broker that does not answer leaves its last values standing rather than failing the whole scrape. */
function registerQueueGauges({ registry, depth, slots }: CoordinatorMetricsOptions): void {
  const registers = [registry];
  new Gauge({
    name: 'unpair_worker_slots',
    help: 'Tasks that live workers could work on at a time, by queue.',
    labelNames: ['queue'],
    registers,
    collect() {
      this.reset();
      for (const [queue, count] of slots()) this.set({ queue }, count);
    },
  });
  const held = new Gauge({
    name: 'unpair_queue_held_tasks',
    help: 'Queued tasks that workers hold.',
    registers,
  });
  const redelivered = new Gauge({
    name: 'unpair_queue_redelivered_tasks',
    help: 'Tasks that workers hold for more than the first time.',
    registers,
  });
  new Gauge({
    name: 'unpair_queue_depth_tasks',
    help: 'Queued tasks, taken by a worker or not.',
    registers,
    async collect() {
      const now = await depth().catch(() => undefined);
      if (now === undefined) return;
      this.set(now.waiting + now.held);
      held.set(now.held);
      redelivered.set(now.redelivered);
    },
  });
}
