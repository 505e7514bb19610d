import type { Parameters, ParameterSpec } from '@unpair/robustness';
import type { AdaptiveAttack, Campaign, Defence, ModelEntry } from '../campaign.js';
import { canonicalJson } from '../canonical-json.js';
import { ensembleName, membersOf } from '../ensemble.js';
import { generatedName } from '../generated.js';
import type { Vocabulary } from '../vocabulary.js';
import { ATTACKERS, controlsOf } from './attackers.js';
import type { Move, Position } from './attackers.js';
import { defencesOf, strangersTo } from './defences.js';

/** Attackers who imitate: queries, and epochs over them that come to as many steps. */
const IMITATIONS = [
  { queries: 1000, epochs: 30 },
  { queries: 10_000, epochs: 3 },
] as const;

/** Strangers that join ensembles and are compared with, at most: a large campaign has dozens. */
const STRANGERS = 2;

/** The attacker's name of what is only there to be compared with. */
const CONTROL = 'control';

/**
 * Adds to a campaign what those do who know its defences: attacks, and the models that imitating attackers make. A
 * pure function; a campaign without defences, or with all of them `adaptive: false`, has nothing added.
 */
export function withAdaptiveAttackers(
  campaign: Omit<Campaign, 'adaptive'>,
  vocabulary: Vocabulary,
): Campaign {
  const defences = defencesOf(campaign);
  const models = new Map(campaign.models);
  const attacks = defences
    .filter(({ adaptive }) => adaptive)
    .flatMap((defence) => {
      const imitations = imitationsOf(defence, defences, models, vocabulary);
      for (const [name, entry] of imitations) models.set(name, entry);
      const names = imitations.map(([name]) => name);
      return attacksOn(positionOf(defence, names, campaign, vocabulary));
    });
  return { ...campaign, models, adaptive: { defences, attacks } };
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
  defence: Defence,
  imitations: readonly string[],
  campaign: Omit<Campaign, 'adaptive'>,
  vocabulary: Vocabulary,
): Position {
  return {
    defence,
    imitations,
    strangers: strangersTo(defence.target, campaign).slice(0, STRANGERS),
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
  if (!word?.norms.includes(threat.norm) || !Object.keys(change).every(isKnown)) return [];
  const entry = attacks.find((candidate) => candidate.attack === attack);
  const parameters = { ...(entry?.parameters ?? defaultsOf(word.parameters)), ...change };
  return [{ attack, parameters, samples: Math.min(entry?.samples ?? dataset.samples, most) }];
}

/** The name that the file gives an ensemble of these members, whatever their order; else one of its own. */
function ensembleOf(members: readonly string[], surrogates: readonly string[]): string {
  const name = ensembleName(members.toSorted());
  return (
    surrogates.find((other) => ensembleName(membersOf(other).toSorted()) === name) ?? ensembleName(members)
  );
}

function imitationsOf(
  { sibling, target }: Defence,
  defences: readonly Defence[],
  models: ReadonlyMap<string, ModelEntry>,
  { siblings }: Vocabulary,
): readonly (readonly [string, ModelEntry])[] {
  const word = siblings.find(({ name }) => name === 'imitate');
  if (word === undefined) return [];
  const isOnly = defences.filter((other) => other.sibling === sibling).length === 1;
  return IMITATIONS.map(({ queries, epochs }) => {
    const parameters = { ...defaultsOf(word.parameters), queries, epochs };
    const entry = { kind: word.name, of: sibling, from: target, parameters };
    const text = canonicalJson(entry);
    const suffix = isOnly ? `imitated-${queries}` : `imitated-${queries}-of-${target}`;
    const known = [...models].find(([, other]) => other.kind === word.name && canonicalJson(other) === text);
    return [known?.[0] ?? generatedName(sibling, suffix), entry] as const;
  });
}

function defaultsOf(specs: Readonly<Record<string, ParameterSpec>>): Parameters {
  return Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, spec.default]));
}
