import type { Campaign } from './campaign.js';
import { isGenerated } from './campaign.js';
import type { Surrogate } from './surrogate.js';
import { surrogateOf } from './surrogate.js';

/** Two models to compare. */
export interface Pair {
  readonly surrogate: Surrogate;
  readonly target: string;
}

/** The pairs whose similarity a campaign measures: those that it attacks, and on demand every other two models. */
export function pairsOf({ models, targets, surrogates, similarity }: Campaign): readonly Pair[] {
  const attacked = targets.flatMap(({ model: target }) =>
    surrogates.map((surrogate) => ({ surrogate, target })),
  );
  if (similarity.pairs === 'attacked') return attacked;
  const names = [...models].filter(([, model]) => !isGenerated(model)).map(([name]) => name);
  const every = names.flatMap((target) =>
    names.filter((name) => name !== target).map((name) => ({ surrogate: surrogateOf(name), target })),
  );
  const isNew = ({ surrogate, target }: Pair): boolean =>
    !attacked.some((other) => other.surrogate.name === surrogate.name && other.target === target);
  return [...attacked, ...every.filter(isNew)];
}
