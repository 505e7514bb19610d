import type { Campaign, Violation } from './campaign.js';

/** Says whether the data set has the samples that the campaign asks for; `available` is its size. */
export function checkSamples({ dataset }: Campaign, available: number): readonly Violation[] {
  if (dataset.samples <= available) return [];
  const description = `must be at most ${available}, the size of ${dataset.source} (${dataset.split}), got ${dataset.samples}`;
  return [{ field: 'dataset.samples', description }];
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
