import type { KnownDefinition } from '@unpair/attacks';
import { knownAttacks } from '@unpair/attacks';
import type { ParameterSpec } from '@unpair/parameters';

/** One parameter of an attack, in words. */
export interface ParameterReference {
  readonly name: string;
  /** What it may be: `integer from 1 to 10000`. */
  readonly type: string;
  readonly default: string;
  readonly description: string;
}

/** What one attack is, in words: docs/attacks.md and `unpair attacks` are made of it. */
export interface AttackReference {
  readonly name: string;
  readonly description: string;
  readonly paper: string;
  /** What it sees of the target's answers. */
  readonly sees: string;
  readonly surrogate: string;
  readonly queries: string;
  readonly finds: string;
  readonly norms: string;
  readonly goals: string;
  readonly parameters: readonly ParameterReference[];
}

/** Every attack that this version has, in words. */
export function attackReferences(): readonly AttackReference[] {
  return [...knownAttacks.values()].map(attackReference);
}

/** An attack in words. */
function attackReference(attack: KnownDefinition): AttackReference {
  const { name, description, paper, access, budget, norms, goals, parameters } = attack;
  return {
    ...{ name, description, paper, sees: access },
    surrogate: attack.needsSurrogate ? (budget === null ? 'needed' : 'as prior') : 'none',
    queries: budget === null ? 'one' : `up to \`${budget}\``,
    finds: attack.finds === 'nearest' ? 'the nearest' : 'within epsilon',
    norms: norms.join(', '),
    goals: goals.join(', '),
    parameters: Object.entries(parameters).map(([parameter, spec]) => ({
      name: parameter,
      type: typeText(spec),
      default: defaultText(spec),
      description: spec.description,
    })),
  };
}

function typeText(spec: ParameterSpec): string {
  switch (spec.type) {
    case 'integer':
    case 'number':
      return spec.max === undefined
        ? `${spec.type} of at least ${spec.min}`
        : `${spec.type} from ${spec.min} to ${spec.max}`;
    case 'pixels':
      return 'pixel amount, such as 2/255';
    case 'boolean':
      return 'true or false';
    case 'choice':
      return spec.choices.join(', ');
  }
}

function defaultText(spec: ParameterSpec): string {
  if (spec.default === null) return spec.derived.text;
  if (spec.type !== 'pixels') return String(spec.default);
  const steps = spec.default * 255;
  return Number.isInteger(steps) ? `${steps}/255` : String(spec.default);
}
