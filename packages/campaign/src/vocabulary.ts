import type { AttackDefinition, ParameterSpec } from '@unpair/robustness';
import type { ModelEntry } from './campaign.js';

/** What a campaign file needs to know about an attack. */
export type AttackWord = Pick<
  AttackDefinition,
  'name' | 'needsSurrogate' | 'usesQueries' | 'norms' | 'parameters'
>;

/** What a campaign file needs to know about a way to derive a model from another. */
export interface SiblingWord {
  readonly name: Exclude<ModelEntry['kind'], 'file'>;
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
}

/** The attacks and siblings that a campaign file may name. */
export interface Vocabulary {
  readonly attacks: readonly AttackWord[];
  readonly siblings: readonly SiblingWord[];
}
