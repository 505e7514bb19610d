import { slice, type SampleSet } from '@unpair/datasets';
import { encodeModel, summarizeModel, type Graph } from '@unpair/graph';
import type { DerivedModel, DeriveTask, SampleRange } from '@unpair/protocol';
import { deriveSibling, siblings } from '@unpair/siblings';
import { isPermanent, UnpairError } from '@unpair/errors';
import { type FineTuneProgress, type SiblingDefinition, type SiblingRequest } from '@unpair/training';
import { createHash } from 'node:crypto';
import { TrainingFailure } from '../../failure.js';
import { checkpointOf } from '../checkpoint-of.js';
import { CurveCheckpoints } from '../curve-checkpoints.js';
import type { TaskContext } from '../task-context.js';
import { assertFits, assertKnown, assertRange, parseParameters, present, unknown } from '../task-input.js';
import { TrainingMonitor } from '../training-monitor.js';
import { fileOf, withAsked } from './lending.js';

/** A derived model, and the file that it is. */
export interface Derivation {
  readonly model: DerivedModel;
  readonly bytes: Uint8Array;
}

/** Makes a sibling of a model. Its file is a function of the task, so every attempt stores the same artefact. */
export async function derive(task: DeriveTask, context: TaskContext): Promise<Derivation> {
  const definition = definitionOf(task.kind);
  assertKnown(task.kind, parseParameters(task.parameters), definition.parameters);
  const of = present(task.of, 'model to derive from');
  return context.workbench.withModel(fileOf(of.digest, context), async (loaded) => {
    const classifier = await loaded.classifier();
    return withSamples(task, context, async (sets) => {
      assertFits(of.id, classifier, sets.samples);
      if (sets.heldOut !== undefined) assertFits(of.id, classifier, sets.heldOut);
      return withFull(task, definition, { samples: sets.samples, context }, async (full) => {
        const monitor = new TrainingMonitor({ model: task.model });
        const ingredients = { graph: loaded.graph, full, ...sets, context, monitor };
        const { sibling, queries } = await siblingOf(task, definition, ingredients);
        return described(task.model, sibling, { queries, curve: [...monitor.curve.points] });
      });
    });
  });
}

/** The samples of a task: to train on, and to measure on where it names such. */
interface Samples {
  readonly samples: SampleSet;
  readonly heldOut: SampleSet | undefined;
}

/** The full model: its graph, and itself as who imitates it may ask it, where that is not as its graph answers. */
type Full = Pick<SiblingRequest, 'target' | 'asked'>;

interface Ingredients extends Samples {
  readonly graph: Graph;
  readonly full: Full;
  readonly context: TaskContext;
  readonly monitor: TrainingMonitor;
}

/** Lends `use` the full model that a sibling is to differ from, to be mixed with or to imitate, where its way has one. */
async function withFull<T>(
  { from }: DeriveTask,
  { relation }: SiblingDefinition,
  { samples, context }: Pick<Ingredients, 'samples' | 'context'>,
  use: (full: Full) => Promise<T>,
): Promise<T> {
  if (relation === undefined) return use({});
  const full = present(from, 'full model');
  if (full.access !== undefined || full.endpoint !== undefined)
    return withAsked(full, { samples: { set: samples }, context }, (asked) => use({ asked }));
  return context.workbench.withModel(fileOf(full.digest, context), async (loaded) => {
    assertFits(full.id, await loaded.classifier(), samples);
    return use({ target: loaded.graph });
  });
}

async function siblingOf(
  task: DeriveTask,
  definition: SiblingDefinition,
  ingredients: Ingredients,
): Promise<{ readonly sibling: Graph; readonly queries: number }> {
  const { graph, full, samples, heldOut, context, monitor } = ingredients;
  const { workbench, signal, task: whole, meter } = context;
  const { runtime, threads } = workbench;
  const { seed } = whole;
  const file = workbench.checkpoints && checkpointOf(task, seed, workbench.checkpoints);
  const checkpoints = file && new CurveCheckpoints(file, monitor.curve);
  const parameters = parseParameters(task.parameters);
  const onStep = (progress: FineTuneProgress): void => {
    meter.trained(progress.batch, monitor.read(progress));
  };
  let queries = 0;
  const onQueries = (count: number): void => {
    queries += count;
    // What is asked as attackers ask it is counted there.
    if (full.asked === undefined) meter.evaluated(count);
    meter.queried(count);
  };
  const training = { samples, heldOut, parameters, seed, checkpoints, onStep, onQueries };
  const request = { graph, ...full, runtime, threads, ...training, signal };
  try {
    const sibling = await deriveSibling(definition, request);
    await file?.remove();
    return { sibling, queries };
  } catch (error) {
    // After anything else than what would come to nothing again, another attempt may go on.
    const failure = UnpairError.from(error);
    if (!isPermanent(failure.code)) throw error;
    await file?.remove();
    throw withCourse(failure, task.model, monitor);
  }
}

/** The error, with the course of the training that it ended, if there was any. */
function withCourse(error: UnpairError, model: string, { curve }: TrainingMonitor): Error {
  const points = [...curve.points];
  return points.length === 0 ? error : new TrainingFailure(error, { model, curve: points });
}

function described(
  name: string,
  sibling: Graph,
  making: Pick<DerivedModel, 'queries' | 'curve'>,
): Derivation {
  const bytes = encodeModel(sibling);
  const { parameters, nonZero, macs } = summarizeModel(sibling);
  const digest = createHash('sha256').update(bytes).digest('hex');
  const size = { bytes: bytes.length, parameters, nonZero, macs: macs ?? undefined };
  return { model: { model: name, digest, ...size, ...making }, bytes };
}

function definitionOf(kind: string): SiblingDefinition {
  const definition = siblings.find(({ name }) => name === kind);
  if (definition !== undefined) return definition;
  throw unknown(
    'Recipe',
    kind,
    siblings.map(({ name }) => name),
  );
}

/** Lends `use` the samples of a task: of its training range those that the set has, and all of its held-out range. */
function withSamples<T>(
  task: DeriveTask,
  context: TaskContext,
  use: (sets: Samples) => Promise<T>,
): Promise<T> {
  const { digest, first, count } = present(task.calibration, 'training samples');
  return context.workbench.withSamples(fileOf(digest, context), (set) => {
    const samples = part(set, { digest, first, count: Math.min(count, set.count - first) });
    const range = task.heldOut;
    if (range === undefined) return use({ samples, heldOut: undefined });
    return context.workbench.withSamples(fileOf(range.digest, context), (held) =>
      use({ samples, heldOut: part(held, range) }),
    );
  });
}

function part(set: SampleSet, range: SampleRange): SampleSet {
  assertRange(set, range);
  return slice(set, range.first, range.count);
}
