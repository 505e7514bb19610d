import type { TaskResult, WastedAttempt } from '@unpair/protocol';
import { BUILT_IN } from '@unpair/campaign';
import { Counter, Histogram } from 'prom-client';
import type { TaskOutcome } from '../campaigns/outcome.js';
import type { SkipReason } from '../results/collector.js';
import { registerCampaignGauges, type CampaignGaugeOptions } from './campaign-gauges.js';
import { registerClusterGauges, type ClusterGaugeOptions } from './cluster-gauges.js';
import { registerTrainingGauges } from './training-gauges.js';

export interface CoordinatorMetricsOptions extends CampaignGaugeOptions, ClusterGaugeOptions {}

/** Every value of a label that is known beforehand: a counter that begins with its first event hides that one from `increase`. */
const known = {
  outcomes: ['done', 'failed', 'dead_letter'],
  askers: [...BUILT_IN.attacks, ...BUILT_IN.siblings].map(({ name }) => name),
  attacks: BUILT_IN.attacks.map(({ name }) => name),
  skips: ['unreadable', 'out_of_plan', 'unknown_campaign', 'spoilt', 'repeated', 'training'] as const,
  kinds: ['derived', 'accuracy', 'similarity', 'attack', 'alignment', 'masking'] as const,
};

/**
 * What the coordinator tells Prometheus. Counters start at zero with the process, for replayed results are not counted; what is
 * true of a campaign as a whole, its gauges say.
 */
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
      buckets: [0.1, 0.5, 1, 5, 15, 60, 300, 1_800, 7_200],
      registers,
    });
    registerCampaignGauges(options);
    registerTrainingGauges(options);
    registerClusterGauges(options);
    this.#begin();
  }

  #begin(): void {
    for (const outcome of known.outcomes) this.#results.inc({ outcome }, 0);
    for (const attack of known.askers) this.#queries.inc({ attack }, 0);
    for (const attack of known.attacks)
      for (const outcome of ['success', 'failure']) this.#samples.inc({ attack, outcome }, 0);
    for (const reason of known.skips) this.#skipped.inc({ reason }, 0);
    for (const kind of known.kinds) this.#seconds.zero({ kind });
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
