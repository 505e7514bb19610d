import type { Graph } from '@unpair/graph';
import { UnpairError } from '@unpair/errors';
import type { FineTuneOptions } from '@unpair/training';
import { fineTune } from '@unpair/training';
import type { TrainingSamples } from '@unpair/training';
import { sampleCount } from '@unpair/training';
import { buildTrainingStep } from '@unpair/training';
import { UnpairingFeeds } from './feeds.js';
import type { SelectionRule } from './held-out.js';
import { HeldOutEvaluation } from './held-out.js';
import type { UnpairingObjective } from './objective.js';
import { activeTerms, unpairs } from './objective.js';

export interface UnpairOptions extends Omit<
  FineTuneOptions,
  'buildStep' | 'feeds' | 'shown' | 'evaluation' | 'judge'
> {
  /** The full model, which stays private and as it is. */
  readonly target: Graph;
  readonly objective: UnpairingObjective;
  /** Measuring on samples that are not trained on, and choosing the outcome by it. Default: the last state. */
  readonly selection?: SelectionRule & { readonly heldOut: TrainingSamples };
}

/**
 * Similarity-unpairing: fine-tunes a model so that it stays accurate and shares less with the target that an attacker
 * could use. The objective is our own; that of the paper (arXiv 2212.13700) is not published. A function of models,
 * samples, schedule, objective and selection, as {@link fineTune} is; with an objective of zeros, the model itself.
 * @throws {ModelError} when either model is no classifier or cannot be differentiated
 * @throws {UnpairError} when the outcome is to be chosen without held-out samples, or training collapses
 */
export async function unpair(options: UnpairOptions): Promise<Graph> {
  const { objective, selection } = options;
  if (!unpairs(objective)) return options.graph;
  checkSelection(selection);
  const feeds = await UnpairingFeeds.open(options);
  try {
    return await withEvaluation(options, (evaluation) =>
      fineTune({ ...options, evaluation, ...stepsOf(feeds, objective) }),
    );
  } finally {
    await feeds.close();
  }
}

function stepsOf(
  feeds: UnpairingFeeds,
  objective: UnpairingObjective,
): Pick<FineTuneOptions, 'buildStep' | 'feeds' | 'shown' | 'judge'> {
  const terms = activeTerms(objective).map(({ term }) => term);
  const sum = { terms, temperature: objective.temperature };
  return {
    // A step has as many rows as the plan shows, whatever the size of the shard.
    buildStep: (model) => buildTrainingStep(model, feeds.plan.kinds.length, { objective: sum }),
    feeds: (batch) => feeds.feeds(batch),
    shown: () => feeds.plan,
    // At first the model is wrong on everything that is made to fool its parent.
    judge: 'end',
  };
}

/** Lends `use` what measures the run, where samples are held out. */
async function withEvaluation(
  { target, runtime, threads, objective, schedule, selection, signal }: UnpairOptions,
  use: (evaluation: HeldOutEvaluation | undefined) => Promise<Graph>,
): Promise<Graph> {
  if (selection === undefined || sampleCount(selection.heldOut) === 0) return use(undefined);
  const { heldOut: samples, ...rule } = selection;
  const { threat } = objective;
  const evaluation = await HeldOutEvaluation.open({
    ...{ target, runtime, threads, samples, threat, signal },
    ...rule,
    seed: schedule.seed,
  });
  try {
    return await use(evaluation);
  } finally {
    await evaluation.close();
  }
}

function checkSelection(selection: UnpairOptions['selection']): void {
  if (selection === undefined) return;
  const { heldOut, maxAccuracyDrop, patience } = selection;
  if (maxAccuracyDrop < 1 && sampleCount(heldOut) === 0) {
    throw new UnpairError(
      'INVALID_ARGUMENT',
      `maxAccuracyDrop of ${maxAccuracyDrop} needs samples that are not trained on, got none: set heldOut above 0, ` +
        'and where heldOutSplit is train give more samples than a batch',
    );
  }
  if (patience > 0 && maxAccuracyDrop >= 1) {
    throw new UnpairError(
      'INVALID_ARGUMENT',
      `patience of ${patience} needs a maxAccuracyDrop below 1, by which states are compared`,
    );
  }
}
