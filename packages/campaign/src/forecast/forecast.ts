import type { Campaign } from '../campaign.js';
import type { Plan, PlannedTask, Stage } from '../plan.js';
import { missingControls } from './missing-controls.js';
import { mostQueries } from './most-queries.js';
import { runsOf } from './runs.js';

/** What a campaign will do, as far as its file tells. */
export interface Forecast {
  readonly tasks: number;
  readonly stages: Readonly<Record<Stage, number>>;
  /** Cells of the grid, and of them those that the plan adds to try defences. */
  readonly cells: { readonly all: number; readonly adaptive: number };
  /** Models that it makes, each with how, and of what. */
  readonly made: readonly { readonly model: string; readonly recipe: string; readonly of: string }[];
  /** Queries that it may spend on each target at most. */
  readonly queries: readonly { readonly target: string; readonly most: number }[];
  /** Runs of each model with one image, roughly; a gradient counts as three. */
  readonly runs: ReadonlyMap<string, number>;
  /** Sentences on what its verdict will lack. */
  readonly missing: readonly string[];
}

/** Foresees a campaign from its file and plan alone. */
export function forecast(campaign: Campaign, plan: Plan): Forecast {
  const [queries, runs] = [
    new Map(campaign.targets.map(({ model }) => [model, 0])),
    new Map<string, number>(),
  ];
  const stages = { derive: 0, measure: 0, attack: 0 };
  const made: Forecast['made'][number][] = [];
  for (const [task, tasks] of blocksOf(plan)) {
    stages[task.stage] += tasks;
    if (task.kind === 'derive') made.push({ model: task.model, recipe: task.recipe, of: task.of });
    const asked = targetOf(task);
    if (asked !== null) addTo(queries, asked, mostQueries(task, campaign));
    for (const { model, runs: more } of runsOf(task)) addTo(runs, model, more);
  }
  return {
    ...{ tasks: plan.size, stages, made, runs },
    cells: { all: plan.cells.length, adaptive: plan.cells.filter(({ adaptive }) => adaptive).length },
    queries: [...queries].map(([target, most]) => ({ target, most })),
    missing: missingControls(campaign, plan.cells),
  };
}

/** The first task of each run of tasks that differ in samples, over the samples of all of them, and how many they are. */
function* blocksOf(plan: Plan): Generator<readonly [PlannedTask, number], void, undefined> {
  for (const [at, start] of plan.blocks.entries()) {
    const end = plan.blocks[at + 1] ?? plan.size;
    const [first, last] = [plan.task(start), plan.task(end - 1)];
    const isWhole = first.kind === 'derive' || last.kind === 'derive';
    const whole = isWhole
      ? first
      : { ...first, samples: { first: first.samples.first, count: samplesUpTo(last) - first.samples.first } };
    yield [whole, end - start];
  }
}

function samplesUpTo({ samples }: Exclude<PlannedTask, { readonly kind: 'derive' }>): number {
  return samples.first + samples.count;
}

/** The target that a task asks as an attacker does; null for none. */
function targetOf(task: PlannedTask): string | null {
  if (task.kind === 'attack' || task.kind === 'prepare') return task.cell.target;
  return task.kind === 'derive' ? task.from : null;
}

function addTo(sums: Map<string, number>, key: string, more: number): void {
  if (more > 0) sums.set(key, (sums.get(key) ?? 0) + more);
}
