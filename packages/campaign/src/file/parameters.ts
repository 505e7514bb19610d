import type { Parameters, ParameterSpec, ParameterSpecs, ParameterValue } from '@unpair/parameters';
import { parameterRule } from '@unpair/parameters';
import type { Field } from './field.js';

/** More points than this in one sweep are a slip of the pen. */
const LARGEST_SWEEP = 10_000;

/** Parameters of a model, of which some may be listed. */
export interface ListedParameters {
  /** One value for each parameter, defaults filled in; of those that are listed, whichever. */
  readonly parameters: Parameters;
  /** The values of those that are listed, be it one alone, in the order of the parameters. */
  readonly listed: ReadonlyMap<string, readonly ParameterValue[]>;
}

/**
 * The values of each parameter, defaults filled in; absent fields stand for all defaults. A parameter whose name has a
 * dot is a field of a map: `finetune.epochs` is `finetune: {epochs: …}`.
 */
export function readParameters(
  field: Field,
  specs: ParameterSpecs,
  alsoKnown: readonly string[] = [],
): ListedParameters {
  checkKeys(field, Object.keys(specs), alsoKnown);
  const values = readValues(field, specs);
  const firsts = [...values].map(([key, [first = null]]) => [key, first] as const);
  const listed = [...values].filter(([key]) => Array.isArray(parameterField(field, key).value));
  return { parameters: Object.fromEntries(firsts), listed: new Map(listed) };
}

/** The keys that the file may write for parameters of these names: the part before a dot, once. */
export function parameterKeys(names: readonly string[]): readonly string[] {
  return [...new Set(names.map((name) => name.split('.')[0] ?? name))];
}

function checkKeys(field: Field, names: readonly string[], alsoKnown: readonly string[] = []): void {
  if (!field.present) return;
  const keys = parameterKeys(names);
  field.hasKeys([...alsoKnown, ...keys]);
  for (const key of keys) {
    const inner = names
      .filter((name) => name.startsWith(`${key}.`))
      .map((name) => name.slice(key.length + 1));
    const member = field.get(key);
    if (inner.length === 0 || !member.present) continue;
    if (member.members(`a map with the keys ${inner.join(', ')}`) !== undefined) checkKeys(member, inner);
  }
}

/** Every combination of the listed values, the last parameter varying fastest. */
export function readSweep(field: Field, specs: ParameterSpecs): readonly Parameters[] {
  if (field.present && !field.hasKeys(Object.keys(specs), parameterMap(specs))) return [];
  const values = readValues(field, specs);
  const count = combinationCount([...values.values()], LARGEST_SWEEP);
  if (count <= LARGEST_SWEEP) return combinations(values).map((point) => Object.fromEntries(point));
  field.reject(`must have at most ${LARGEST_SWEEP} combinations of its listed values, got ${count}`);
  return [];
}

/** Every way to take one value for each key, the last key varying fastest. */
export function combinations<K, V>(
  values: ReadonlyMap<K, readonly V[]>,
): readonly (readonly (readonly [K, V])[])[] {
  return [...values].reduce<(readonly (readonly [K, V])[])[]>(
    (points, [key, list]) =>
      points.flatMap((point) => list.map((value) => [...point, [key, value] as const])),
    [[]],
  );
}

/** How many {@link combinations} there are; beyond `most`, a number that is larger. */
export function combinationCount(lists: readonly (readonly unknown[])[], most: number): number {
  return lists.reduce((count, { length }) => (count > most ? count : count * length), 1);
}

function readValues(field: Field, specs: ParameterSpecs): ReadonlyMap<string, readonly ParameterValue[]> {
  return new Map(
    Object.entries(specs).map(([key, spec]) => [key, valuesOf(parameterField(field, key), spec)]),
  );
}

/** Where a parameter stands: one whose name has a dot, in a map. */
export function parameterField(field: Field, parameter: string): Field {
  return parameter.split('.').reduce((at, part) => at.get(part), field);
}

function valuesOf(field: Field, spec: ParameterSpec): readonly ParameterValue[] {
  if (!field.present) return [spec.default];
  return field.readOneOrMore<ParameterValue>(parameterRule(spec)) ?? [spec.default];
}

function parameterMap(specs: ParameterSpecs): string {
  const keys = Object.keys(specs);
  return keys.length === 0 ? 'empty, for it has no parameters' : `a map with the keys ${keys.join(', ')}`;
}
