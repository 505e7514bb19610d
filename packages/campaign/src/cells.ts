import type { AttackEntry, Campaign } from './campaign.js';
import { canonicalJson } from './canonical-json.js';
import type { Cell } from './plan.js';
import type { AttackWord, Vocabulary } from './vocabulary.js';

/**
 * The grid of a campaign. Attacks that spend no queries come first, since they end soonest; otherwise the order is
 * that of the file.
 * @throws {RangeError} for an attack that the vocabulary lacks.
 */
export function gridOf(campaign: Campaign, vocabulary: Vocabulary): readonly Cell[] {
  const cells = campaign.attacks.flatMap((entry) => {
    const word = wordOf(entry.attack, vocabulary);
    return pairsOf(campaign, word.needsSurrogate).flatMap(([target, surrogate]) =>
      campaign.threat.epsilons.map((epsilon) => cellOf(campaign, entry, word, target, surrogate, epsilon)),
    );
  });
  return cells.sort((a, b) => Number(a.usesQueries) - Number(b.usesQueries));
}

function wordOf(attack: string, { attacks }: Vocabulary): AttackWord {
  const word = attacks.find((candidate) => candidate.name === attack);
  if (word === undefined) throw new RangeError(`no attack is called "${attack}"`);
  return word;
}

/** Each target with each surrogate, or alone when the attack has no use for one. */
function pairsOf(
  { targets, surrogates }: Campaign,
  needsSurrogate: boolean,
): readonly (readonly [target: string, surrogate: string | null])[] {
  const partners = needsSurrogate ? surrogates : [null];
  return targets.flatMap((target) => partners.map((surrogate) => [target, surrogate] as const));
}

function cellOf(
  { threat: { norm } }: Campaign,
  { attack, parameters, samples }: AttackEntry,
  { usesQueries }: AttackWord,
  target: string,
  surrogate: string | null,
  epsilon: number,
): Cell {
  const id = `${attack}/${target}/${surrogate ?? '-'}/${norm}=${epsilon}/${canonicalJson(parameters)}`;
  return { id, target, surrogate, attack, parameters, norm, epsilon, usesQueries, samples };
}
