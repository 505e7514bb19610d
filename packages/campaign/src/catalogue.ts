import type { KnownDefinition, Preparation } from '@unpair/attacks';
import type { SiblingDefinition, SiblingTraits } from '@unpair/training';
import type { SiblingKind } from './campaign.js';

/** What a campaign file needs to know about an attack. */
export type KnownAttack = Pick<
  KnownDefinition,
  'name' | 'access' | 'needsSurrogate' | 'budget' | 'withoutPrior' | 'norms' | 'ball' | 'goals' | 'parameters'
> & {
  /** What it makes before it runs; absent where that is nothing. */
  readonly preparation?: Pick<Preparation, 'on' | 'samples' | 'most'>;
};

/** What a campaign file needs to know about a way to derive a model from another. */
export type KnownSibling = Pick<
  SiblingDefinition<SiblingKind>,
  'name' | 'parameters' | 'misfit' | 'demand' | 'rounding' | 'tries' | keyof SiblingTraits
>;

/** The attacks and siblings that a campaign file may name. */
export interface Catalogue {
  readonly attacks: readonly KnownAttack[];
  readonly siblings: readonly KnownSibling[];
}

/** What a way of deriving says of all its siblings. */
export function traitsOf({ maker, relation, budget }: SiblingTraits): SiblingTraits {
  return { maker, ...(relation !== undefined && { relation }), ...(budget !== undefined && { budget }) };
}
