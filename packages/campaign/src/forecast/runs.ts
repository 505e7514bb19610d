import type { PlannedTask } from '../plan.js';
import type { Surrogate } from '../surrogate.js';

/** Gradients that attacks take of which neither steps nor a budget are known. */
const USUAL_STEPS = 20;
/** Runs of a model that cost as much as one gradient. */
const GRADIENT = 3;
/** Of its budget, what a search may take as a rule: one that succeeds ends early. */
const USUAL_SHARE = 1 / 4;
/** Of each model that is measured, for one sample. */
const MEASURE_RUNS = { accuracy: 1, similarity: 4, alignment: 1, masking: 200 } as const;

/** How often a model is run, one image at a time. */
export interface ModelRuns {
  readonly model: string;
  readonly runs: number;
}

/**
 * How often a task runs which models, roughly, before anything is measured: a gradient counts as three runs. Of what makes a
 * model, training alone is counted.
 */
export function runsOf(task: PlannedTask): readonly ModelRuns[] {
  if (task.kind === 'derive') return trainingRuns(task);
  const { count } = task.samples;
  const times = (runs: number, ...models: readonly string[]): readonly ModelRuns[] =>
    models.map((model) => ({ model, runs: runs * count }));
  switch (task.kind) {
    case 'accuracy':
    case 'masking':
      return times(MEASURE_RUNS[task.kind], task.model);
    case 'alignment':
      return times(MEASURE_RUNS.alignment, task.surrogate, task.target);
    case 'similarity':
      return times(MEASURE_RUNS.similarity, ...task.surrogate.models, task.target);
    case 'prepare':
      return [{ model: task.cell.target, runs: (task.cell.preparation?.queries ?? 0) * USUAL_SHARE }];
    case 'attack': {
      const { target, surrogate, budget, parameters } = task.cell;
      const steps = Number(parameters['steps'] ?? USUAL_STEPS);
      return budget > 0
        ? times(budget * USUAL_SHARE, target)
        : [...times(GRADIENT * steps, ...membersOf(surrogate)), ...times(1, target)];
    }
  }
}

function membersOf(surrogate: Surrogate | null): readonly string[] {
  return surrogate?.models ?? [];
}

function trainingRuns({
  of,
  from,
  recipe,
  parameters,
  trainingSamples,
}: Extract<PlannedTask, { readonly kind: 'derive' }>): readonly ModelRuns[] {
  const epochs = Number(parameters['epochs'] ?? parameters['finetune.epochs'] ?? 0);
  if (epochs === 0) return [];
  const seen = epochs * trainingSamples;
  const trained = { model: of, runs: GRADIENT * seen };
  if (recipe !== 'unpair' || from === null) return [trained];
  const [share, steps] = [parameters['adversarial'], parameters['steps']].map(Number);
  return [trained, { model: from, runs: (1 + GRADIENT * (share ?? 0) * (steps ?? 0)) * seen }];
}
