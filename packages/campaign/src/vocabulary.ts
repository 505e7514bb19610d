import type { AttackDefinition } from '@unpair/attacks';
import type { Parameters, ParameterSpec } from '@unpair/parameters';
import type { SiblingDefinition } from '@unpair/training';
import type { SiblingKind } from './campaign.js';

/** What a campaign file needs to know about an attack. */
export type AttackWord = Pick<
  AttackDefinition,
  'name' | 'needsSurrogate' | 'usesQueries' | 'withoutPrior' | 'norms' | 'parameters'
>;

/** What a campaign file needs to know about a way to derive a model from another. */
export type SiblingWord = Pick<
  SiblingDefinition<SiblingKind>,
  'name' | 'parameters' | 'misfit' | 'demand' | 'needsTarget' | 'isDefence' | 'rounding'
>;

/** The attacks and siblings that a campaign file may name. */
export interface Vocabulary {
  readonly attacks: readonly AttackWord[];
  readonly siblings: readonly SiblingWord[];
}

/** What parameters are where a file does not say. */
export function defaultsOf(specs: Readonly<Record<string, ParameterSpec>>): Parameters {
  return Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, spec.default]));
}
