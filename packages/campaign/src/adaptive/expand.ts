import { kindOf } from '@unpair/attacks';
import type { Parameters } from '@unpair/parameters';
import { defaultsOf } from '@unpair/parameters';
import type { AdaptiveAttack, Campaign, Defence } from '../campaign.js';
import type { Surrogate } from '../surrogate.js';
import { surrogateOf } from '../surrogate.js';
import type { Vocabulary } from '../vocabulary.js';
import { ATTACKERS, controlsOf } from './attackers.js';
import type { Move, Position } from './attackers.js';
import { defencesOf, strangersTo } from './defences.js';
import { teach } from './imitations.js';
import type { Lesson, Taught } from './imitations.js';

/** Strangers that join ensembles and are compared with, at most: a large campaign has dozens. */
const STRANGERS = 2;

/** The attacker's name of what is only there to be compared with. */
const CONTROL = 'control';

/** A defence and who stands beside it. */
interface Tried {
  readonly defence: Defence;
  readonly strangers: readonly string[];
}

/**
 * Adds to a campaign what those do who know its defences: attacks, and the models that imitating attackers make. A
 * pure function; a campaign without defences, or with all of them `adaptive: false`, has nothing added.
 */
export function withAdaptiveAttackers(
  campaign: Omit<Campaign, 'adaptive'>,
  vocabulary: Vocabulary,
): Campaign {
  const defences = defencesOf(campaign);
  const tried = triedOf(defences, campaign);
  const { models, imitations } = teach(lessonsOf(tried), campaign.models, vocabulary);
  const attacks = tried.flatMap((one) => attacksOn(positionOf(one, imitations, campaign, vocabulary)));
  return { ...campaign, models, adaptive: { defences, attacks } };
}

function triedOf(defences: readonly Defence[], campaign: Omit<Campaign, 'adaptive'>): readonly Tried[] {
  return defences
    .filter(({ adaptive }) => adaptive)
    .map((defence) => ({
      defence,
      strangers: strangersTo(defence.target, campaign).slice(0, STRANGERS),
    }));
}

/** The strangers are taught as well: what any model gives away after as many queries is not owed to the sibling. */
function lessonsOf(tried: readonly Tried[]): readonly Lesson[] {
  return tried.flatMap(({ defence: { sibling, target: from }, strangers }) =>
    [sibling, ...strangers].map((of) => ({ of, from })),
  );
}

function attacksOn(position: Position): readonly AdaptiveAttack[] {
  const { defence } = position;
  const attackers = [...ATTACKERS, { name: CONTROL, attacks: controlsOf }];
  return attackers.flatMap(({ name: attacker, attacks }) =>
    attacks(position).map((attack) => ({ ...attack, attacker, defence })),
  );
}

/** Whether an attack is only there to be compared with. */
export function isControl({ attacker }: AdaptiveAttack): boolean {
  return attacker === CONTROL;
}

function positionOf(
  { defence, strangers }: Tried,
  imitations: Taught['imitations'],
  campaign: Omit<Campaign, 'adaptive'>,
  vocabulary: Vocabulary,
): Position {
  const { sibling, target: from } = defence;
  return {
    defence,
    strangers,
    imitations: imitations({ of: sibling, from }).map((name) => surrogateOf(name)),
    taught: strangers.flatMap((of) => imitations({ of, from })).map((name) => surrogateOf(name)),
    has: (attack) => campaign.attacks.some((entry) => entry.attack === attack),
    move: (attack, { most, change = {} }) => moveOf(attack, most, change, campaign, vocabulary),
    ensembleOf: (members) => ensembleOf(members, campaign.surrogates),
  };
}

function moveOf(
  attack: string,
  most: number,
  change: Parameters,
  { attacks, dataset, threat }: Omit<Campaign, 'adaptive'>,
  vocabulary: Vocabulary,
): readonly Move[] {
  const word = vocabulary.attacks.find(({ name }) => name === attack);
  const isKnown = (parameter: string): boolean => Object.hasOwn(word?.parameters ?? {}, parameter);
  if (!word?.norms.includes(threat.norm) || !word.goals.includes(kindOf(threat.goal))) return [];
  if (!Object.keys(change).every(isKnown)) return [];
  const entry = attacks.find((candidate) => candidate.attack === attack);
  const parameters = { ...(entry?.parameters ?? defaultsOf(word.parameters)), ...change };
  return [{ attack, parameters, samples: Math.min(entry?.samples ?? dataset.samples, most) }];
}

/** The ensemble of these members that the file has, whatever their order; else one of its own. */
function ensembleOf(members: readonly string[], surrogates: readonly Surrogate[]): Surrogate {
  const inOrder = ({ models }: Surrogate): string => surrogateOf(...models.toSorted()).name;
  const ensemble = surrogateOf(...members);
  return surrogates.find((other) => inOrder(other) === inOrder(ensemble)) ?? ensemble;
}
