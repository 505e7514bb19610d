import { UnpairError } from '@unpair/errors';
import type { SampleSet } from '@unpair/datasets';
import type { ModelRef, SampleRange } from '@unpair/protocol';
import { createEnsemble, type DifferentiableClassifier, type Sample } from '@unpair/classifiers';
import type { TaskContext } from '../execute-task.js';
import type { LoadedModel } from '../loaded-model.js';
import type { ModelFile } from '../messages.js';
import { assertFits, present, samplesIn } from '../task-input.js';

/** The samples of a task, and the set that they are of. */
export interface TaskSamples {
  readonly set: SampleSet;
  readonly rows: readonly Sample[];
}

/** Where the agent put an artefact. */
export function fileOf(digest: string, { artefacts }: Pick<TaskContext, 'artefacts'>): ModelFile {
  const path = artefacts.get(digest);
  if (path === undefined)
    throw new UnpairError('INVALID_ARGUMENT', `Artefact ${digest} did not come with the task.`);
  return { digest, path };
}

/** Lends `use` the samples of a range. */
export function withTaskSamples<T>(
  range: SampleRange | undefined,
  context: TaskContext,
  use: (samples: TaskSamples) => Promise<T>,
): Promise<T> {
  const samples = present(range, 'samples');
  return context.workbench.withSamples(fileOf(samples.digest, context), (set) =>
    use({ set, rows: samplesIn(set, samples) }),
  );
}

export interface ClassifierOptions {
  /** What the model must fit. */
  readonly samples: TaskSamples;
  /** Whether evaluations count as queries. */
  readonly role: 'target' | 'own';
  readonly context: TaskContext;
}

/** Lends `use` a model as a classifier that is counted and fits the samples. */
export function withClassifier<T>(
  model: ModelRef,
  { samples, role, context }: ClassifierOptions,
  use: (classifier: DifferentiableClassifier, model: LoadedModel) => Promise<T>,
): Promise<T> {
  return context.workbench.withModel(fileOf(model.digest, context), async (loaded) => {
    const classifier = await loaded.classifier();
    assertFits(model.id, classifier, samples.set);
    return use(context.meter.wrap(classifier, role), loaded);
  });
}

/** Lends `use` a surrogate: null for no models, an ensemble for more than one. */
export async function withSurrogate<T>(
  models: readonly ModelRef[],
  options: ClassifierOptions,
  use: (surrogate: DifferentiableClassifier | null) => Promise<T>,
): Promise<T> {
  const members: DifferentiableClassifier[] = [];
  const lend = ([model, ...others]: readonly ModelRef[]): Promise<T> => {
    if (model === undefined) return use(members.length > 1 ? createEnsemble(members) : (members[0] ?? null));
    return withClassifier(present(model, 'surrogate'), options, (classifier) => {
      members.push(classifier);
      return lend(others);
    });
  };
  return lend(models);
}
