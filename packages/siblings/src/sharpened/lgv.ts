import { joinMembers } from '@unpair/graph';
import type { SiblingDefinition } from '@unpair/training';
import { HIGH_RATE, HIGH_RATE_PARAMETERS, walkAtHighRate } from './high-rate.js';

/** Large geometric vicinity (Gubri et al. 2022, arXiv 2207.13129): snapshots of SGD at a high rate as an ensemble. */
export const lgvSibling: SiblingDefinition<'lgv'> = {
  ...HIGH_RATE,
  name: 'lgv',
  description:
    'An attacker’s surrogate: snapshots of the published model, trained on at a constant high rate.',
  parameters: HIGH_RATE_PARAMETERS,
  derive: async (request) => joinMembers(request.graph.name, await walkAtHighRate(request)),
};
