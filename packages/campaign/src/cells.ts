import type { Parameters, ParameterSpec, Threat } from '@unpair/robustness';
import type { AttackEntry, Campaign } from './campaign.js';
import { canonicalJson } from './canonical-json.js';
import type { Cell } from './plan.js';
import type { AttackWord, Vocabulary } from './vocabulary.js';

/**
 * The grid of a campaign. Attacks that spend no queries come first, since they end soonest; otherwise the order is
 * that of the file. Points that differ in the file but not in their numbers (a parameter set to its default) are one.
 * @throws {RangeError} for an attack that the vocabulary lacks.
 */
export function gridOf(campaign: Campaign, vocabulary: Vocabulary): readonly Cell[] {
  const cells = new Map<string, Cell>();
  for (const entry of campaign.attacks) {
    for (const cell of cellsOf(entry, campaign, wordOf(entry.attack, vocabulary))) {
      const samples = Math.max(cell.samples, cells.get(cell.id)?.samples ?? 0);
      cells.set(cell.id, { ...cell, samples });
    }
  }
  return [...cells.values()].sort((a, b) => Number(a.usesQueries) - Number(b.usesQueries));
}

function wordOf(attack: string, { attacks }: Vocabulary): AttackWord {
  const word = attacks.find((candidate) => candidate.name === attack);
  if (word === undefined) throw new RangeError(`no attack is called "${attack}"`);
  return word;
}

function cellsOf(
  { attack, parameters, samples }: AttackEntry,
  { targets, surrogates, threat: { norm, epsilons } }: Campaign,
  { needsSurrogate, usesQueries, withoutPrior, parameters: specs }: AttackWord,
): readonly Cell[] {
  const partners = needsSurrogate ? surrogates : [null];
  const points = epsilons.map((epsilon) => ({
    epsilon,
    parameters: resolved(parameters, specs, { norm, epsilon }),
  }));
  return targets.flatMap((target) =>
    partners.flatMap((surrogate) =>
      points.map((point) => {
        const coordinates = { target, surrogate, attack, norm, ...point };
        return {
          id: cellId(coordinates),
          ...coordinates,
          usesQueries,
          withoutPrior: withoutPrior ?? null,
          samples,
        };
      }),
    ),
  );
}

/** Puts numbers where the default derives from the threat. */
function resolved(
  parameters: Parameters,
  specs: Readonly<Record<string, ParameterSpec>>,
  threat: Threat,
): Parameters {
  const entries = Object.entries(parameters).map(([key, value]) => {
    const spec = specs[key];
    return [key, value === null && spec?.default === null ? spec.derived.of(threat) : value] as const;
  });
  return Object.fromEntries(entries);
}

/** `p-rgf/full/int8/linf=0.03137254901960784/{"budget":5000,…}`, with `-` for no surrogate. */
function cellId(cell: Omit<Cell, 'id' | 'usesQueries' | 'withoutPrior' | 'samples'>): string {
  const { attack, target, surrogate, norm, epsilon, parameters } = cell;
  return `${attack}/${target}/${surrogate ?? '-'}/${norm}=${epsilon}/${canonicalJson(parameters)}`;
}
