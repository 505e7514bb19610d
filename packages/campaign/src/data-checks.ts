import type { Campaign, Violation } from './campaign.js';
import { isDerived, trainingDemandOf } from './derivation.js';

/** Says whether the data set has the samples that the campaign asks for; `available` is its size. */
export function checkSamples({ dataset }: Campaign, available: number): readonly Violation[] {
  if (dataset.samples <= available) return [];
  const description = `must be at most ${available}, the size of ${dataset.source} (${dataset.split}), got ${dataset.samples}`;
  return [{ field: 'dataset.samples', description }];
}

/** Says whether there are the training samples that deriving models needs; `available` is the size of the training split. */
export function checkTrainingSamples({ models, dataset }: Campaign, available: number): readonly Violation[] {
  return [...models].flatMap(([name, entry]) => {
    if (!isDerived(entry)) return [];
    const { needed, parameter } = trainingDemandOf(entry);
    if (needed <= available) return [];
    const description = `must be at most ${available}, the size of ${dataset.source} (train), got ${needed}`;
    return [{ field: `models.${name}.${entry.kind}.${parameter}`, description }];
  });
}

/** Training samples that a campaign's models are derived with; 0 when none is. */
export function trainingSamplesOf({ models }: Campaign): number {
  const demands = [...models.values()].map((entry) =>
    isDerived(entry) ? trainingDemandOf(entry).wanted : 0,
  );
  return Math.max(0, ...demands);
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
