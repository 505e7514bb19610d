import { kindOf } from '@unpair/attacks';
import type { Parameters } from '@unpair/parameters';
import { defaultsOf } from '@unpair/parameters';
import type { AdaptiveAttack, Campaign, Defence } from '../campaign.js';
import { isBehindEndpoint } from '../campaign.js';
import type { Surrogate } from '../surrogate.js';
import { surrogateOf } from '../surrogate.js';
import type { Catalogue } from '../catalogue.js';
import { ATTACKERS, controlsOf } from './attackers.js';
import type { AttackRun, AttackerView } from './attackers.js';
import { defencesOf, strangersTo } from './defences.js';
import { addImitations } from './imitations.js';
import type { Imitation, WithImitations } from './imitations.js';

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
export function withAdaptiveAttackers(campaign: Omit<Campaign, 'adaptive'>, catalogue: Catalogue): Campaign {
  const defences = defencesOf(campaign);
  const tried = triedOf(defences, campaign);
  const { models, imitations } = addImitations(imitationsTried(tried), campaign.models, catalogue);
  // Nobody goes through a model that only answers.
  const attacks = tried
    .flatMap((one) => attacksOn(viewOf(one, imitations, campaign, catalogue)))
    .filter(({ surrogate }) => surrogate.models.every((name) => !isBehindEndpoint(models, name)));
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

/** The strangers imitate as well: what any model gives away after as many queries is not owed to the sibling. */
function imitationsTried(tried: readonly Tried[]): readonly Imitation[] {
  return tried.flatMap(({ defence: { sibling, target: from }, strangers }) =>
    [sibling, ...strangers].map((of) => ({ of, from })),
  );
}

function attacksOn(view: AttackerView): readonly AdaptiveAttack[] {
  const { defence } = view;
  const attackers = [...ATTACKERS, { name: CONTROL, attacks: controlsOf }];
  return attackers.flatMap(({ name: attacker, attacks }) =>
    attacks(view).map((attack) => ({ ...attack, attacker, defence })),
  );
}

/** Whether an attack is only there to be compared with. */
export function isControl({ attacker }: AdaptiveAttack): boolean {
  return attacker === CONTROL;
}

function viewOf(
  { defence, strangers }: Tried,
  imitations: WithImitations['imitations'],
  campaign: Omit<Campaign, 'adaptive'>,
  catalogue: Catalogue,
): AttackerView {
  const { sibling, target: from } = defence;
  return {
    defence,
    strangers,
    imitations: imitations({ of: sibling, from }).map((name) => surrogateOf(name)),
    imitatingStrangers: strangers.flatMap((of) => imitations({ of, from })).map((name) => surrogateOf(name)),
    has: (attack) => campaign.attacks.some((entry) => entry.attack === attack),
    run: (attack, { most, change = {} }) => runOf(attack, most, change, campaign, catalogue),
    ensembleOf: (members) => ensembleOf(members, campaign.surrogates),
  };
}

function runOf(
  attack: string,
  most: number,
  change: Parameters,
  { attacks, dataset, threat }: Omit<Campaign, 'adaptive'>,
  catalogue: Catalogue,
): readonly AttackRun[] {
  const known = catalogue.attacks.find(({ name }) => name === attack);
  const isKnown = (parameter: string): boolean => Object.hasOwn(known?.parameters ?? {}, parameter);
  if (!known?.norms.includes(threat.norm) || !known.goals.includes(kindOf(threat.goal))) return [];
  if (!Object.keys(change).every(isKnown)) return [];
  const entry = attacks.find((candidate) => candidate.attack === attack);
  const parameters = { ...(entry?.parameters ?? defaultsOf(known.parameters)), ...change };
  return [{ attack, parameters, samples: Math.min(entry?.samples ?? dataset.samples, most) }];
}

/** The ensemble of these members that the file has, whatever their order; else one of its own. */
function ensembleOf(members: readonly string[], surrogates: readonly Surrogate[]): Surrogate {
  const inOrder = ({ models }: Surrogate): string => surrogateOf(...models.toSorted()).name;
  const ensemble = surrogateOf(...members);
  return surrogates.find((other) => inOrder(other) === inOrder(ensemble)) ?? ensemble;
}
