/** What attacks have in common that go by surrogates alone, and send the target one input. */
export const TRANSFERRED = {
  access: 'labels',
  goals: ['avoid', 'reach'],
  finds: 'within-epsilon',
  needsSurrogate: true,
  budget: null,
  norms: ['linf', 'l2'],
} as const;
