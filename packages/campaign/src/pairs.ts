import type { Campaign } from './campaign.js';
import { membersOf } from './ensemble.js';
import { isGenerated } from './generated.js';

/** Two models to compare. */
export interface Pair {
  /** A model, or an ensemble of several. */
  readonly surrogate: string;
  readonly target: string;
}

/** The pairs whose similarity a campaign measures: those that it attacks, and on demand every other two models. */
export function pairsOf({ models, targets, surrogates, similarity }: Campaign): readonly Pair[] {
  const attacked = targets.flatMap((target) => surrogates.map((surrogate) => ({ surrogate, target })));
  if (similarity.pairs === 'attacked') return attacked;
  const names = [...models.keys()].filter((name) => !isGenerated(name));
  const every = names.flatMap((target) =>
    names.filter((surrogate) => surrogate !== target).map((surrogate) => ({ surrogate, target })),
  );
  const isNew = ({ surrogate, target }: Pair): boolean =>
    !attacked.some((other) => other.surrogate === surrogate && other.target === target);
  return [...attacked, ...every.filter(isNew)];
}

/** Whether the features of two models can be compared: an ensemble has none of its own. */
export function hasFeatures({ surrogate }: Pair): boolean {
  return membersOf(surrogate).length === 1;
}
