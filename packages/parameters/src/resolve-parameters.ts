import type { Threat } from '@unpair/numerics';
import type { Parameters, ParameterSpecs, ParameterValue } from './parameter-spec.js';
import { parameterRule, quoted } from './rules.js';

/** What is wrong with one parameter, its value and what is allowed included; the sentence begins with its name. */
export interface ParameterProblem {
  readonly parameter: string;
  /** `must be an integer of at least 1, got 0` */
  readonly description: string;
}

/** Parameters with every default filled in, or all that is wrong with them. */
export type Resolution =
  | { readonly ok: true; readonly parameters: Parameters }
  | { readonly ok: false; readonly problems: readonly ParameterProblem[] };

/** The defaults; null for those that derive from the threat. */
export function defaultsOf(specs: ParameterSpecs): Parameters {
  return Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, spec.default]));
}

/** Parameters with numbers where they are null, and the default derives from the threat. */
export function derivedFrom(threat: Threat, parameters: Parameters, specs: ParameterSpecs): Parameters {
  const entries = Object.entries(parameters).map(([name, value]) => {
    const spec = specs[name];
    return [name, value === null && spec?.default === null ? spec.derived.of(threat) : value] as const;
  });
  return Object.fromEntries(entries);
}

/**
 * Validates parameters as people give them (numbers, booleans, fractions such as "2/255") and fills in the defaults,
 * those that derive from the threat included. A parameter that is null takes its default.
 */
export function resolveParameters(
  { name, parameters: specs }: { readonly name: string; readonly parameters: ParameterSpecs },
  raw: Readonly<Record<string, unknown>>,
  threat: Threat,
): Resolution {
  const known = Object.keys(specs).join(', ');
  const problems: ParameterProblem[] = Object.keys(raw)
    .filter((parameter) => !Object.hasOwn(specs, parameter))
    .map((parameter) => ({ parameter, description: `is no parameter of ${name}; it has ${known}` }));
  const given: Record<string, ParameterValue> = {};
  for (const [parameter, spec] of Object.entries(specs)) {
    const value = Object.hasOwn(raw, parameter) ? raw[parameter] : undefined;
    if (value === undefined || value === null) continue;
    const rule = parameterRule(spec);
    const accepted = rule.accept(value);
    if (accepted !== undefined) given[parameter] = accepted;
    else problems.push({ parameter, description: `must be ${rule.allowed}, got ${quoted(value)}` });
  }
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, parameters: derivedFrom(threat, { ...defaultsOf(specs), ...given }, specs) };
}
