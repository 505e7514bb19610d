import type { Graph } from '@unpair/graph';
import { joinMembers, roundAtRandom } from '@unpair/graph';
import { createRandom } from '@unpair/numerics';
import { numberOf } from '@unpair/parameters';
import type { SiblingDefinition, SiblingRequest } from '@unpair/training';

/**
 * The published model with its weights rounded once more, each up or down by chance, several times over: what the draws
 * have in common is what the model that they come from has too (after QAA, Yang et al. 2023, arXiv 2305.05875, without
 * its training).
 */
export const qaaSibling: SiblingDefinition<'qaa'> = {
  name: 'qaa',
  description:
    'An attacker’s surrogate: the published model, its weights rounded again by chance, several times.',
  maker: 'attacker',
  parameters: {
    bits: { type: 'integer', min: 2, max: 8, default: 4, description: 'Bits of a weight after rounding.' },
    draws: { type: 'integer', min: 1, max: 100, default: 8, description: 'Models that are drawn.' },
  },
  demand: () => ({ needed: 0, parameter: 'draws', wanted: 0 }),
  derive: (request) => Promise.resolve().then(() => draw(request)),
};

function draw({ graph, parameters, seed }: SiblingRequest): Graph {
  const bits = numberOf(parameters, 'bits');
  const members = Array.from({ length: numberOf(parameters, 'draws') }, (_, sample) => {
    const random = createRandom({ seed, cell: 'rounding at random', sample });
    return roundAtRandom(graph, bits, () => random.uniform());
  });
  return joinMembers(graph.name, members);
}
