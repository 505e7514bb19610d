import { CampaignState, workKinds } from '@unpair/protocol';
import type { Clock } from '@unpair/platform';
import { Gauge, type Registry } from 'prom-client';
import type { CampaignRun } from '../campaigns/campaign-run.js';
import { stateWord } from '../campaigns/campaign-life.js';
import type { TaskState } from '../campaigns/task-states.js';
import type { Vigil } from './vigil.js';

export interface CampaignGaugeOptions {
  readonly registry: Registry;
  readonly runs: () => Iterable<CampaignRun>;
  readonly vigil: Vigil;
  readonly clock: Pick<Clock, 'now'>;
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

/** Milliseconds after its end at which the series of a campaign vanish: their number stays bounded, and its end is seen. */
const shownAfterEnd = 3_600_000;

/** What tells the series of campaigns apart. */
const campaignLabels = ['campaign', 'name', 'tenant'] as const;
export type CampaignLabels = Readonly<Record<(typeof campaignLabels)[number], string>>;

/** The labels of a campaign's series; a tenant is who it says that it is for. */
export function labelsOf({ id, file, labels }: CampaignRun): CampaignLabels {
  return { campaign: id, name: file.name, tenant: labels['tenant'] ?? '' };
}

/** Campaigns that have series: those that have not ended, or not long ago. */
export function shown(runs: Iterable<CampaignRun>, now: Date): readonly CampaignRun[] {
  return [...runs].filter(({ endTime }) => endTime === undefined || +now - +endTime < shownAfterEnd);
}

/** A gauge of each campaign: for each value of another label, where there is one. */
interface CampaignGauge {
  readonly name: string;
  readonly help: string;
  readonly label?: string;
  /** Nothing where there is nothing to say. */
  readonly values: (run: CampaignRun) => Iterable<readonly [label: string, value: number]>;
}

/** Registers the gauges of campaigns, each by itself and all together. */
export function registerCampaignGauges(options: CampaignGaugeOptions): void {
  const { registry, runs, vigil, clock } = options;
  for (const { name, help, label, values } of [...campaignGauges, ...watchedGauges(vigil)]) {
    new Gauge({
      name: `unpair_campaign_${name}`,
      help,
      labelNames: [...campaignLabels, ...(label === undefined ? [] : [label])],
      registers: [registry],
      collect() {
        this.reset();
        for (const run of shown(runs(), clock.now()))
          for (const [value, number] of values(run))
            this.set({ ...labelsOf(run), ...(label !== undefined && { [label]: value }) }, number);
      },
    });
  }
  registerTotals(options);
}

const campaignGauges: readonly CampaignGauge[] = [
  {
    name: 'tasks',
    help: 'Tasks of each campaign, by state.',
    label: 'state',
    values: (run) => stateNames.map(([state, label]) => [label, run.count(state)]),
  },
  {
    name: 'progress_ratio',
    help: 'Share of its tasks that have reached their end, for each campaign.',
    values: (run) => {
      const open = run.count('pending') + run.count('inFlight');
      return [['', run.plan.size === 0 ? 1 : 1 - open / run.plan.size]];
    },
  },
  {
    name: 'left_seconds',
    help: 'Estimate of the time until each campaign ends; 0 while unknown.',
    values: (run) => [['', run.secondsLeft]],
  },
  {
    name: 'queries',
    help: 'Queries to targets of each campaign since it began: those of results that count, and wasted ones.',
    label: 'fate',
    values: (run) => [
      ['accepted', run.queries],
      ['wasted', run.wastedQueries],
    ],
  },
  {
    name: 'device_seconds',
    help: 'Time that workers took for the results of each campaign, by kind of work.',
    label: 'kind',
    values: (run) => workKinds.map((kind) => [kind, run.workload.spent(kind)]),
  },
];

/** Of campaigns that run. */
function watchedGauges(vigil: Vigil): readonly CampaignGauge[] {
  const running = (run: CampaignRun): boolean => !run.ended && !run.isPaused;
  return [
    {
      name: 'silence_seconds',
      help: 'Time since a result of each running campaign came, word of its training, or its turn: while another campaign has all workers, it waits.',
      values: (run) => (running(run) ? [['', vigil.silence(run)]] : []),
    },
    {
      name: 'unserved',
      help: 'Whether a running campaign waits for a class of workers of which none is there: 1 or 0.',
      values: (run) => (running(run) ? [['', run.waiting === '' ? 0 : 1]] : []),
    },
  ];
}

function registerTotals({ registry, runs }: CampaignGaugeOptions): void {
  const registers = [registry];
  new Gauge({
    name: 'unpair_tasks',
    help: 'Tasks of running campaigns, by state.',
    labelNames: ['state'],
    registers,
    collect() {
      const running = [...runs()].filter((run) => !run.ended && !run.isPaused);
      for (const [state, label] of stateNames) {
        this.set(
          { state: label },
          running.reduce((sum, run) => sum + run.count(state), 0),
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
      const counts = new Map<CampaignState, number>(knownStates.map((state) => [state, 0]));
      for (const { state } of runs()) counts.set(state, (counts.get(state) ?? 0) + 1);
      for (const [state, count] of counts) this.set({ state: stateWord(state) }, count);
    },
  });
}

const { RUNNING, PAUSED, SUCCEEDED, FAILED, CANCELLED } = CampaignState;
const knownStates = [RUNNING, PAUSED, SUCCEEDED, FAILED, CANCELLED];
