import type { Threat } from '@unpair/numerics';
import type { ParameterSpec, Parameters, ParameterValue } from './parameter-spec.js';

/** One sentence about one parameter, with the value given and what is allowed. */
export interface ParameterProblem {
  readonly parameter: string;
  readonly problem: string;
}

/** Parameters with every default filled in, or all that is wrong with them. */
export type Resolution =
  | { readonly ok: true; readonly parameters: Parameters }
  | { readonly ok: false; readonly problems: readonly ParameterProblem[] };

/**
 * Validates one attack's parameters as a campaign file gives them (numbers, booleans, fractions such as "2/255") and
 * fills in the defaults, those that derive from the threat included. A parameter that is null takes its default.
 */
export function resolveParameters(
  definition: { readonly name: string; readonly parameters: Readonly<Record<string, ParameterSpec>> },
  raw: Readonly<Record<string, unknown>>,
  threat: Threat,
): Resolution {
  const parameters: Record<string, ParameterValue> = {};
  const problems: ParameterProblem[] = [];
  for (const parameter of Object.keys(raw)) {
    if (!Object.hasOwn(definition.parameters, parameter)) {
      const known = Object.keys(definition.parameters).join(', ');
      problems.push({ parameter, problem: `${definition.name} has no such parameter; it has: ${known}.` });
    }
  }
  for (const [parameter, spec] of Object.entries(definition.parameters)) {
    const given = Object.hasOwn(raw, parameter) ? raw[parameter] : undefined;
    const value = given === undefined || given === null ? defaultOf(spec, threat) : read(spec, given);
    if (value === undefined) {
      problems.push({ parameter, problem: `${describe(given)} is not allowed; give ${allowed(spec)}.` });
    } else parameters[parameter] = value;
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, parameters };
}

/** A finite number from a number, a decimal such as "0.03" or a fraction such as "8/255"; undefined for all else. */
export function parseAmount(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const match = /^\s*(\d+(?:\.\d+)?(?:e-?\d+)?)\s*(?:\/\s*(\d+(?:\.\d+)?)\s*)?$/i.exec(value);
  if (match === null) return undefined;
  const amount = Number(match[1]) / Number(match[2] ?? 1);
  return Number.isFinite(amount) ? amount : undefined;
}

/** A parameter that the attack knows to be a number. */
export function numberOf(parameters: Parameters, name: string): number {
  const value = parameters[name];
  if (typeof value !== 'number') throw new TypeError(`parameter ${name} must be a resolved number`);
  return value;
}

/** A parameter that the attack knows to be a boolean. */
export function booleanOf(parameters: Parameters, name: string): boolean {
  const value = parameters[name];
  if (typeof value !== 'boolean') throw new TypeError(`parameter ${name} must be a resolved boolean`);
  return value;
}

/** A parameter that is known to be one of a few words. */
export function choiceOf<const C extends string>(
  parameters: Parameters,
  name: string,
  choices: readonly C[],
): C {
  const value = choices.find((choice) => choice === parameters[name]);
  if (value === undefined) throw new TypeError(`parameter ${name} must be one of ${choices.join(', ')}`);
  return value;
}

function defaultOf(spec: ParameterSpec, threat: Threat): ParameterValue {
  if (spec.default === null) return spec.derived.of(threat);
  return spec.default;
}

/** The value in the spec's own terms, or undefined when it is not allowed. */
function read(spec: ParameterSpec, given: unknown): ParameterValue | undefined {
  if (spec.type === 'boolean') return typeof given === 'boolean' ? given : undefined;
  if (spec.type === 'choice') return spec.choices.find((choice) => choice === given);
  if (spec.type === 'pixels') {
    const amount = parseAmount(given);
    return amount !== undefined && amount > 0 && amount <= (spec.max ?? Infinity) ? amount : undefined;
  }
  if (typeof given !== 'number' || !(given >= spec.min && given <= (spec.max ?? Number.MAX_SAFE_INTEGER))) {
    return undefined;
  }
  return spec.type === 'integer' && !Number.isInteger(given) ? undefined : given;
}

function allowed(spec: ParameterSpec): string {
  if (spec.type === 'boolean') return 'true or false';
  if (spec.type === 'choice') return `one of ${spec.choices.join(', ')}`;
  if (spec.type === 'pixels') {
    const most = spec.max === undefined ? '' : ` of at most ${spec.max}`;
    return `a positive number${most} or a fraction such as 2/255`;
  }
  const noun = spec.type === 'integer' ? 'an integer' : 'a number';
  return spec.max === undefined
    ? `${noun} of at least ${spec.min}`
    : `${noun} from ${spec.min} to ${spec.max}`;
}

function describe(given: unknown): string {
  return typeof given === 'number' ? String(given) : JSON.stringify(given);
}
