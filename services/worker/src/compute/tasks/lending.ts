import { UnpairError } from '@unpair/errors';
import type { SampleSet } from '@unpair/datasets';
import type { ModelRef, SampleRange } from '@unpair/protocol';
import { limited } from '@unpair/attacks';
import { fuse, type Classifier, type DifferentiableClassifier, type Sample } from '@unpair/classifiers';
import type { TaskContext } from '../task-context.js';
import type { LoadedModel } from '../loaded-model.js';
import type { CachedFile } from '../messages.js';
import { assertFits, backwardOf, fusionOf, offerOf, present, samplesIn } from '../task-input.js';

/** The samples of a task, and the set that they are of. */
export interface TaskSamples {
  readonly set: SampleSet;
  readonly rows: readonly Sample[];
}

/** Where the agent put an artefact. */
export function fileOf(digest: string, { artefacts }: Pick<TaskContext, 'artefacts'>): CachedFile {
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
  readonly context: TaskContext;
}

/** Lends `use` a model as a classifier that is counted and fits the samples. */
export function withClassifier<T>(
  model: ModelRef,
  { samples, context }: ClassifierOptions,
  use: (classifier: DifferentiableClassifier, model: LoadedModel) => Promise<T>,
): Promise<T> {
  return context.workbench.withModel(fileOf(model.digest, context), async (loaded) => {
    const classifier = await loaded.classifier();
    assertFits(model.id, classifier, samples.set);
    return use(context.meter.wrap(classifier), loaded);
  });
}

/**
 * Lends `use` a model as who may only ask it sees it: as much of its answers as it gives, from its file or an endpoint.
 * @param use gets the model itself where there is a file of it
 */
export function withAsked<T>(
  model: ModelRef,
  {
    samples: { set },
    context,
  }: { readonly samples: Pick<TaskSamples, 'set'>; readonly context: TaskContext },
  use: (classifier: Classifier, model: LoadedModel | undefined) => Promise<T>,
): Promise<T> {
  const { workbench, meter, signal } = context;
  const offer = offerOf(model);
  if (model.endpoint === undefined) {
    return workbench.withModel(fileOf(model.digest, context), async (loaded) => {
      const classifier = await loaded.classifier();
      assertFits(model.id, classifier, set);
      return use(limited(meter.wrapAsked(classifier), offer), loaded);
    });
  }
  return workbench.withEndpoint(model.endpoint, (endpoint) => {
    const onRetry = (): void => {
      meter.retried();
    };
    const classifier = endpoint.classifier({
      shape: set.shape,
      classes: set.classes,
      offer,
      signal,
      onRetry,
    });
    assertFits(model.id, classifier, set);
    return use(meter.wrapAsked(classifier), undefined);
  });
}

/** The surrogates of a task, and what of them is averaged. */
export interface SurrogateRefs {
  readonly surrogates: readonly ModelRef[];
  readonly fusion?: string | undefined;
}

/** Lends `use` the surrogates of a task as attacks take them: of a file that holds several models, each; fused to one by logits or probabilities. */
export function withSurrogates<T>(
  { surrogates, fusion }: SurrogateRefs,
  options: ClassifierOptions,
  use: (classifiers: readonly DifferentiableClassifier[]) => Promise<T>,
): Promise<T> {
  const how = fusionOf(fusion);
  return withMembers(surrogates, options, (members) => use(fuse(members, how)));
}

async function withMembers<T>(
  [model, ...others]: readonly ModelRef[],
  options: ClassifierOptions,
  use: (classifiers: readonly DifferentiableClassifier[]) => Promise<T>,
): Promise<T> {
  if (model === undefined) return use([]);
  const { samples, context } = options;
  const backward = backwardOf(model);
  return context.workbench.withModel(fileOf(model.digest, context), async (loaded) => {
    const members = await loaded.members(backward);
    for (const member of members) assertFits(model.id, member, samples.set);
    const counted = members.map((member) => context.meter.wrap(member));
    return withMembers(others, options, (rest) => use([...counted, ...rest]));
  });
}
