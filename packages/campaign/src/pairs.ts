import type { Campaign } from './campaign.js';
import { isBehindEndpoint, isGenerated } from './campaign.js';
import type { Surrogate } from './surrogate.js';
import { surrogateOf } from './surrogate.js';

/** Two models to compare. */
export interface Pair {
  readonly surrogate: Surrogate;
  readonly target: string;
}

/** The pairs whose similarity a campaign measures, of models whose weights there are: those that it attacks, on demand every other two. */
export function pairsOf({ models, targets, surrogates, similarity }: Campaign): readonly Pair[] {
  const attacked = targets
    .filter(({ model }) => !isBehindEndpoint(models, model))
    .flatMap(({ model: target }) => surrogates.map((surrogate) => ({ surrogate, target })));
  if (similarity.pairs === 'attacked') return attacked;
  const names = [...models]
    .filter(([name, model]) => !isGenerated(model) && !isBehindEndpoint(models, name))
    .map(([name]) => name);
  const every = names.flatMap((target) =>
    names.filter((name) => name !== target).map((name) => ({ surrogate: surrogateOf(name), target })),
  );
  const isNew = ({ surrogate, target }: Pair): boolean =>
    !attacked.some((other) => other.surrogate.name === surrogate.name && other.target === target);
  return [...attacked, ...every.filter(isNew)];
}
