import type { ParameterSpec } from '@unpair/parameters';

/** What searches have in common that read the target's scores. */
export const SCORE_BASED = {
  access: 'logits',
  goals: ['avoid', 'reach'],
  finds: 'within-epsilon',
  budget: 'budget',
  norms: ['linf', 'l2'],
} as const;

/** The parameter `budget` of such a search. */
export const BUDGET: ParameterSpec = {
  type: 'integer',
  min: 1,
  default: 10_000,
  description: 'Queries that one sample may spend.',
};

/** What searches have in common that see labels, and look for the nearest example. */
export const DECISION_BASED = {
  access: 'labels',
  // To reach a class they would need an image of it to start from.
  goals: ['avoid'],
  finds: 'nearest',
  needsSurrogate: false,
  budget: 'budget',
} as const;
