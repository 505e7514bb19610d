import { UnpairError } from '@unpair/errors';
import { CheckpointFile } from '@unpair/files';
import type { Graph } from '@unpair/graph';
import type { FineTuneProgress, Recipe, TrainingSamples } from '@unpair/training';
import { train } from '@unpair/training';
import type { CommandContext } from '../context.js';
import { fingerprint, stepsDone } from './checkpoint.js';
import { TrainingMeter, describeReading } from './meter.js';
import { ShardPool } from './shard-pool.js';

export interface RecipeRun {
  readonly recipe: Recipe;
  /** Untrained classifier. */
  readonly model: Graph;
  /** In memory that threads share. */
  readonly samples: TrainingSamples & { readonly count: number };
  /** Name of the data set that the samples are of. */
  readonly dataset: string;
  /** Threads to train on; never changes the result. */
  readonly workers: number;
  /** File that keeps the state after every epoch, and when training is interrupted. */
  readonly checkpoint: string;
}

/**
 * Trains a model by a recipe, from the checkpoint on where there is one. The caller removes that once the model is safe.
 * @throws {UnpairError} CANCELLED when the context's signal is aborted; FAILED_PRECONDITION for another's checkpoint
 */
export async function trainRecipe(
  run: RecipeRun,
  context: Pick<CommandContext, 'signal' | 'terminal'>,
): Promise<Graph> {
  const { recipe, model, samples, workers, checkpoint } = run;
  const { signal, terminal } = context;
  const owner = fingerprint(recipe, { name: run.dataset, count: samples.count });
  const stepsPerEpoch = Math.floor(samples.count / recipe.batch);
  const checkpoints = new CheckpointFile(checkpoint, stepsPerEpoch);
  const progress = terminal.progress();
  const meter = new TrainingMeter(recipe.batch, () => performance.now());
  let done = 0;
  const onStep = (report: FineTuneProgress): void => {
    done = report.step;
    progress.update({
      label: `epoch ${Math.ceil(report.step / stepsPerEpoch)}/${recipe.epochs}`,
      fraction: report.step / report.steps,
      detail: describeReading(meter.read(report, report.steps - report.step)),
    });
  };
  try {
    const resumed = await stepsDone(checkpoint, checkpoints, owner);
    if (resumed !== undefined) {
      const steps = stepsPerEpoch * recipe.epochs;
      terminal.note(`going on from ${checkpoint}, after step ${resumed} of ${steps}`);
      done = resumed;
    }
    return await train(
      { graph: model, samples, schedule: recipe, judge: 'never', checkpoints, owner, onStep, signal },
      (job) => Promise.resolve(new ShardPool(job, workers)),
    );
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new UnpairError('CANCELLED', `training stopped after step ${done}; run it again to go on`);
  } finally {
    progress.end();
  }
}
