import { numberOf } from '@unpair/parameters';
import { BUILT_IN } from './built-in.js';
import type { Campaign, DatasetEntry, Violation } from './campaign.js';
import { entryOf, isSibling, violationSentence } from './campaign.js';
import { isDerived, sampleDemandOf } from './derivation.js';
import type { Catalogue } from './catalogue.js';

/** Says whether the data set has the samples that the campaign asks for; `available` is its size. */
export function checkSamples({ dataset }: Campaign, available: number): readonly Violation[] {
  if (dataset.samples <= available) return [];
  const description = `must be at most ${available}, the size of ${dataset.source} (${dataset.split}), got ${dataset.samples}`;
  return [{ field: 'dataset.samples', description }];
}

/** What models are trained on: so many samples, of a data set that has splits or not. */
export interface TrainingSplit {
  readonly count: number;
  readonly isDivided: boolean;
}

/**
 * First of the samples that models are trained on: whatever is attacked comes before, where the campaign attacks the
 * training split or the data set has but one. An attack on what the models were trained on would say little of others.
 */
export function firstTrainingSample({ dataset }: Campaign, { isDivided }: TrainingSplit): number {
  return isDivided && dataset.split === 'test' ? 0 : dataset.samples;
}

/** Says whether there are the training samples that deriving models needs. */
export function checkTrainingSamples(campaign: Campaign, training: TrainingSplit): readonly Violation[] {
  const { models, dataset } = campaign;
  const first = firstTrainingSample(campaign, training);
  const available = Math.max(0, training.count - first);
  const split = training.isDivided ? ' (train)' : '';
  const which =
    first === 0
      ? `the size of ${dataset.source}${split}`
      : `the samples of ${dataset.source}${split} that are not attacked`;
  const violations = [...models].flatMap(([name, entry]) => {
    if (!isDerived(entry)) return [];
    const { needed, parameter } = sampleDemandOf(entry);
    if (needed <= available) return [];
    const description = `must be at most ${available}, ${which}, got ${needed}`;
    return [{ field: `models.${entryOf(name, entry)}.${entry.kind}.${parameter}`, description }];
  });
  const ofAttacks = preparedOn(campaign).flatMap(({ attack, parameter, images }) => {
    if (images <= available) return [];
    const description = `must be at most ${available}, ${which}, got ${images}`;
    return [{ field: `attacks.${attack}.${parameter}`, description }];
  });
  return once([...violations, ...ofAttacks]);
}

/** The training samples that attacks make something on before they run. */
function preparedOn({ attacks }: Campaign): readonly {
  readonly attack: string;
  readonly parameter: string;
  readonly images: number;
}[] {
  return attacks.flatMap(({ attack, parameters }) => {
    const { preparation } = BUILT_IN.attacks.find(({ name }) => name === attack) ?? {};
    if (preparation?.on !== 'training') return [];
    return [{ attack, parameter: preparation.samples, images: numberOf(parameters, preparation.samples) }];
  });
}

/** Training samples that a campaign's models, and what its attacks take, are made with; 0 when nothing is. */
export function trainingSamplesOf(campaign: Campaign): number {
  const models = [...campaign.models.values()];
  const demands = models.map((entry) => (isDerived(entry) ? sampleDemandOf(entry).wanted : 0));
  return Math.max(0, ...demands, ...preparedOn(campaign).map(({ images }) => images));
}

/**
 * Says whether there are the samples of the test split that models are to be measured on while they are derived, those
 * that are attacked apart. A model that is made already was measured on them as well.
 * @param available size of the test split; undefined where the data set has none
 */
export function checkHeldOutSamples(
  { models, dataset }: Campaign,
  available: number | undefined,
): readonly Violation[] {
  const violations = [...models].flatMap(([name, entry]) => {
    if (!isSibling(entry) || (!isDerived(entry) && available === undefined)) return [];
    const { heldOut } = sampleDemandOf(entry);
    const description = heldOut && heldOutProblem(heldOut.count, dataset, available);
    if (heldOut === undefined || description === undefined) return [];
    return [{ field: `models.${entryOf(name, entry)}.${entry.kind}.${heldOut.parameter}`, description }];
  });
  return once(violations);
}

/** What is wrong with each model of a sweep is said once, where its entry stands. */
function once(violations: readonly Violation[]): readonly Violation[] {
  return [...new Map(violations.map((violation) => [violationSentence(violation), violation])).values()];
}

function heldOutProblem(
  count: number,
  { source, split, samples }: DatasetEntry,
  available: number | undefined,
): string | undefined {
  if (available === undefined) {
    return `asks for ${count} samples of the test split, but ${source} has no splits: take them from the training samples`;
  }
  const [most, which] =
    split === 'test'
      ? [Math.max(0, available - samples), `the samples of ${source} (test) that are not attacked`]
      : [available, `the size of ${source} (test)`];
  return count <= most ? undefined : `must be at most ${most}, ${which}, got ${count}`;
}

/** Samples of the test split that a campaign's models are measured on while they are derived, from the last; 0 for none. */
export function heldOutSamplesOf({ models }: Campaign, catalogue: Catalogue = BUILT_IN): number {
  const demands = [...models.values()].map((entry) =>
    isDerived(entry) ? (sampleDemandOf(entry, catalogue).heldOut?.count ?? 0) : 0,
  );
  return Math.max(0, ...demands);
}

/** Says whether the class to reach, where it is one for all samples, is among the data set's, 0 … classes − 1. */
export function checkGoal({ threat: { goal } }: Campaign, classes: number): readonly Violation[] {
  if (goal === 'avoid' || typeof goal.reach !== 'number' || goal.reach < classes) return [];
  const description = `must be at most ${classes - 1}, the last class of the data set, got ${goal.reach}`;
  return [{ field: 'threat.goal.reach', description }];
}

/** Says whether every epsilon is below the diameter of the input space, in which `elements` = C·H·W. */
export function checkEpsilons({ threat }: Campaign, elements: number): readonly Violation[] {
  const diameter = threat.norm === 'linf' ? 1 : Math.sqrt(elements);
  return threat.epsilons
    .filter((epsilon) => epsilon > diameter)
    .map((epsilon) => ({
      field: 'threat.epsilon',
      description: `must be at most ${Math.floor(diameter * 100) / 100}, which allows every image of ${elements} values, got ${epsilon}`,
    }));
}
