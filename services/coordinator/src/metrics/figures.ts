import { canonicalJson, type Report } from '@unpair/campaign';
import type { Clock, Logger } from '@unpair/platform';
import { Gauge, type Registry } from 'prom-client';
import type { CampaignRun } from '../campaigns/campaign-run.js';
import { labelsOf, shown } from './campaign-gauges.js';

export interface FiguresOptions {
  readonly registry: Registry;
  readonly runs: () => Iterable<CampaignRun>;
  readonly report: (run: CampaignRun, signal: AbortSignal) => Promise<Report>;
  /** Milliseconds between two looks. */
  readonly interval?: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Larger campaigns have no live figures: their series would be too many, and their reports take too long to be made every minute. */
const mostCells = 200;
const mostTasks = 20_000;
/** Of the time, no more than one part in so many goes into figures. */
const share = 20;
const cellLabels = ['target', 'surrogate', 'attack', 'parameters', 'epsilon'] as const;

type Labels = Readonly<Record<string, string>>;

/** The figures of campaigns while they run, from the same report that users get, made anew as results come. */
export class Figures {
  readonly #options: FiguresOptions;
  readonly #reports = new Map<string, { readonly sequence: number; readonly report: Report }>();

  constructor(options: FiguresOptions) {
    this.#options = options;
    this.#register(
      'success_ratio',
      'Share of the samples attacked that were misclassified in the end.',
      [],
      successes,
    );
    this.#register('success_within_ratio', 'The same share within so many queries.', ['queries'], within);
    this.#register(
      'amplification',
      'Median queries without the surrogate, or with a stranger, over those with it: the value and its 95 % interval.',
      ['baseline', 'bound'],
      amplifications,
    );
  }

  #register(
    name: string,
    help: string,
    more: readonly string[],
    values: (report: Report) => Iterable<readonly [Labels, number]>,
  ): void {
    const { registry, runs, clock } = this.#options;
    const reports = this.#reports;
    new Gauge<string>({
      name: `unpair_campaign_${name}`,
      help,
      labelNames: ['campaign', 'name', 'tenant', ...cellLabels, ...more],
      registers: [registry],
      collect() {
        this.reset();
        for (const run of shown(runs(), clock.now())) {
          const known = reports.get(run.id);
          for (const [labels, value] of known === undefined ? [] : values(known.report))
            this.set({ ...labelsOf(run), ...labels }, value);
        }
      },
    });
  }

  /** Makes reports anew until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, interval = 30_000, logger } = this.#options;
    while (!signal.aborted) {
      const start = clock.seconds();
      await this.look(signal).catch((error: unknown) => {
        if (!signal.aborted) logger.warn({ error }, 'the figures of a campaign could not be made');
      });
      const pause = Math.max(interval, share * 1_000 * (clock.seconds() - start));
      await clock.sleep(pause, signal).catch(() => undefined);
    }
  }

  /** Makes the report of each campaign that has more results than at the last look. */
  async look(signal: AbortSignal): Promise<void> {
    const { runs, report, clock } = this.#options;
    const wanted = shown(runs(), clock.now()).filter(
      ({ plan }) => plan.cells.length <= mostCells && plan.size <= mostTasks,
    );
    const ids = new Set(wanted.map(({ id }) => id));
    for (const id of this.#reports.keys()) if (!ids.has(id)) this.#reports.delete(id);
    for (const run of wanted) {
      const { id, sequence } = run;
      if (sequence === 0 || this.#reports.get(id)?.sequence === sequence) continue;
      this.#reports.set(id, { sequence, report: await report(run, signal) });
    }
  }
}

function* successes({ attacks }: Report): Generator<readonly [Labels, number]> {
  for (const attack of attacks) if (attack.success !== null) yield [cellOf(attack), attack.success.value];
}

function* within({ attacks }: Report): Generator<readonly [Labels, number]> {
  for (const attack of attacks) {
    if (attack.queries === null || attack.samples === 0) continue;
    for (const { queries, ofSamples } of attack.queries.cdf)
      yield [{ ...cellOf(attack), queries: String(queries) }, ofSamples];
  }
}

function* amplifications({ amplification }: Report): Generator<readonly [Labels, number]> {
  for (const entry of amplification) {
    const { baseline, queryRatio } = entry;
    if (queryRatio === null) continue;
    for (const bound of ['value', 'low', 'high'] as const)
      if (Number.isFinite(queryRatio[bound]))
        yield [{ ...cellOf(entry), baseline, bound }, queryRatio[bound]];
  }
}

type Named = Pick<Report['attacks'][number], 'target' | 'surrogate' | 'attack' | 'parameters' | 'epsilon'>;

function cellOf({ target, surrogate, attack, parameters, epsilon }: Named): Labels {
  const steps = 255 * epsilon;
  const isWhole = Math.abs(steps - Math.round(steps)) < 1e-6;
  const radius = isWhole ? `${Math.round(steps)}/255` : String(epsilon);
  return {
    target,
    surrogate: surrogate ?? '',
    attack,
    parameters: canonicalJson(parameters),
    epsilon: radius,
  };
}
