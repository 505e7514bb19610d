import type { Graph } from '@unpair/graph';
import type { FineTuneOptions } from '@unpair/training';
import { fineTune } from '@unpair/training';
import type { ParameterMisfit, TrainingSamples } from '@unpair/training';
import { sampleCount } from '@unpair/training';
import { buildTrainingStep } from '@unpair/training';
import { refuseMisfit } from '../refuse-misfit.js';
import { UnpairingFeeds } from './feeds.js';
import type { SelectionRule } from './held-out.js';
import { HeldOutEvaluation } from './held-out.js';
import { misfitOf } from './misfit.js';
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
 * @throws {UnpairError} when numbers do not go together (see {@link misfitOf}), or training collapses
 */
export async function unpair(options: UnpairOptions): Promise<Graph> {
  const { objective } = options;
  if (!unpairs(objective)) return options.graph;
  refuseMisfit(misfitAmong(options));
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

/** Without a selection, the last state is the outcome. */
const LAST_STATE: SelectionRule = { maxAccuracyDrop: 1, patience: 0 };

/** What does not go together, where all is for direct callers to give. */
function misfitAmong({ objective, selection }: UnpairOptions): ParameterMisfit | undefined {
  if (selection === undefined) return misfitOf({ ...objective, ...LAST_STATE, heldOut: 0 });
  return misfitOf({ ...objective, ...selection, heldOut: sampleCount(selection.heldOut) });
}
