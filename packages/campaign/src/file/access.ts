import type { GoalChoice, Offer } from '@unpair/attacks';
import { ACCESSES, isKnowable, kindOf, offerText, suffices } from '@unpair/attacks';
import { integer, oneOf } from '@unpair/parameters';
import type { KnownAttack } from '../catalogue.js';
import type { Field } from './field.js';

/** What services write their scores with, at most; float32 has no more. */
const MOST_DECIMALS = 7;
const MOST_CLASSES = 1_000_000;
const WORDS = ['logits', 'scores', 'labels'] as const;
const KINDS = oneOf(...ACCESSES);
const WORD = { ...oneOf(...WORDS), allowed: `${WORDS.join(', ')}, or a map such as {kind: top-k, k: 5}` };

/** A target, and how much of its answers it gives. */
export interface Offered {
  readonly name: string;
  readonly offer: Offer;
}

/** Reads `access:`, a word or a map `{kind: top-k, k: 5, rounded: 3}`; undefined where the file says nothing, or after complaining. */
export function readAccess(field: Field): Offer | undefined {
  if (!field.present) return undefined;
  if (!(field.value instanceof Map)) {
    const access = field.read(WORD);
    return access === undefined ? undefined : { access };
  }
  const kind = field.hasKeys(['kind', 'k', 'rounded']) ? field.get('kind').read(KINDS) : undefined;
  const [count, rounded] = [field.get('k'), field.get('rounded')];
  if (kind !== undefined && kind !== 'top-k' && count.present)
    count.reject(`belongs beside kind top-k, not beside ${kind}`);
  if ((kind === 'labels' || kind === 'logits') && rounded.present)
    rounded.reject(`belongs beside kind scores or top-k, not beside ${kind}`);
  if (kind === undefined || kind === 'labels' || kind === 'logits') return kind && { access: kind };
  const decimals = rounded.readOr(integer(1, MOST_DECIMALS), undefined);
  const how = decimals === undefined ? {} : { decimals };
  if (kind === 'scores') return { access: kind, ...how };
  const k = count.read(integer(1, MOST_CLASSES));
  return k === undefined ? undefined : { access: kind, k, ...how };
}

/** Why an attack cannot be run on a target that gives no more; undefined where it can. */
export function accessProblem(
  { access }: Pick<KnownAttack, 'access'>,
  goal: GoalChoice,
  { name, offer }: Offered,
): string | undefined {
  if (suffices(offer, access, kindOf(goal))) return undefined;
  const at = `models.${name}.access is ${offerText(offer)}`;
  if (offer.access === 'top-k' && suffices(offer, access))
    return `goes by scores, which hide the class to reach where ${at}: it must be scores or logits, or threat.goal avoid`;
  return `goes by scores, but ${at}: it must be logits, scores or top-k, or the attack one that sees labels alone, as ray-s does`;
}

/** Why the class that each sample is to reach is not known of a target; undefined where it is. */
export function goalProblem(goal: GoalChoice, { name, offer }: Offered): string | undefined {
  if (isKnowable(goal, offer)) return undefined;
  return `must be another than least-likely where a target tells no scores of all classes, got models.${name}.access ${offerText(offer)}`;
}
