import type { GoalChoice } from '@unpair/attacks';
import { kindOf } from '@unpair/attacks';
import type { Norm } from '@unpair/numerics';
import type { Parameters } from '@unpair/parameters';
import { integer, suggestion } from '@unpair/parameters';
import type { AttackEntry } from '../campaign.js';
import { canonicalJson } from '../canonical-json.js';
import type { Offered } from './access.js';
import { accessProblem } from './access.js';
import { Field, pathText } from './field.js';
import { readSweep } from './parameters.js';
import type { KnownAttack } from '../catalogue.js';

/** What the rest of the file says that attacks depend on; undefined where it is in error. */
export interface AttackContext {
  readonly attacks: readonly KnownAttack[];
  readonly norm: Norm | undefined;
  readonly goal: GoalChoice | undefined;
  /** What there is to attack, and how much of their answers they give. */
  readonly targets: readonly Offered[];
  readonly hasSurrogates: boolean;
  readonly samples: number | undefined;
}

/** The key beside an attack's name that limits it to the first samples of the data set. */
const FIRST_SAMPLES = 'firstSamples';

/** Reads `attacks:`, a list of names and of one-key maps `{pgd: {steps: [10, 40]}}`, into one entry per point. */
export function readAttacks(field: Field, context: AttackContext): readonly AttackEntry[] {
  const items = field.entries('a list of attacks') ?? [];
  const entries: AttackEntry[] = [];
  const seen = new Map<string, Field>();
  for (const item of items) {
    for (const entry of readAttack(item, context)) {
      const key = `${entry.attack} ${canonicalJson(entry.parameters)}`;
      const earlier = seen.get(key);
      if (earlier === undefined) entries.push(entry);
      else item.reject(`repeats ${pathText(earlier.path)}: ${entry.attack} with the same parameters`);
      if (earlier !== undefined) break;
      seen.set(key, item);
    }
  }
  return entries;
}

function readAttack(item: Field, context: AttackContext): readonly AttackEntry[] {
  const names = context.attacks.map((attack) => attack.name);
  if (typeof item.value === 'string') {
    const known = context.attacks.find((attack) => attack.name === item.value);
    if (known !== undefined) return sweep(known, item, item.inside(known.name, null), context);
    item.reject(`is not a known attack, got "${item.value}"${suggestion(item.value, names)}`);
    return [];
  }
  const members = item.members(`an attack's name, or a map such as {pgd: {steps: 10}}`) ?? [];
  const named = members.filter(([key]) => key !== FIRST_SAMPLES);
  const [only] = named;
  if (only === undefined || named.length > 1) {
    if (members.length > 0 || item.value instanceof Map)
      rejectCount(
        item,
        named.map(([key]) => key),
      );
    return [];
  }
  const [key, parameters] = only;
  const known = context.attacks.find((attack) => attack.name === key);
  if (known !== undefined) return sweep(known, item, parameters, context);
  parameters.reject(`is not a known attack${suggestion(key, names)}`);
  return [];
}

function rejectCount(item: Field, names: readonly string[]): void {
  const found = names.length === 0 ? 'none' : names.join(' and ');
  item.reject(`must name exactly one attack (and may have ${FIRST_SAMPLES}), got ${found}`);
}

function sweep(
  known: KnownAttack,
  item: Field,
  parameters: Field,
  context: AttackContext,
): readonly AttackEntry[] {
  if (known.needsSurrogate && !context.hasSurrogates)
    parameters.reject('needs a surrogate, got none: name at least one model under surrogates');
  if (context.norm !== undefined && !known.norms.includes(context.norm))
    parameters.reject(`does not support threat.norm ${context.norm}; it supports ${known.norms.join(', ')}`);
  const goal = context.goal === undefined ? undefined : kindOf(context.goal);
  if (goal !== undefined && !known.goals.includes(goal))
    parameters.reject(`does not support threat.goal ${goal}; it supports ${known.goals.join(', ')}`);
  for (const target of context.targets) {
    const problem = accessProblem(known, context.goal ?? 'avoid', target);
    if (problem !== undefined) parameters.reject(problem);
  }
  const most = context.samples;
  const samples = item.get(FIRST_SAMPLES).readOr(integer(1, most), most ?? 1) ?? 1;
  return readSweep(parameters, known.parameters).map((point) => {
    const problem = trialProblem(known, point, samples);
    if (problem !== undefined) parameters.reject(problem);
    return { attack: known.name, parameters: point, samples };
  });
}

/** Why nothing is left to attack once an attack is chosen; undefined where something is. */
function trialProblem(
  { preparation }: KnownAttack,
  parameters: Parameters,
  samples: number,
): string | undefined {
  if (preparation?.on !== 'attacked') return undefined;
  const trial = parameters[preparation.samples];
  if (typeof trial !== 'number' || trial < samples) return undefined;
  return `must leave samples to attack: ${preparation.samples} is ${trial}, of ${samples}`;
}
