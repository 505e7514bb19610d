import type { Parameters, ParameterSpec, ParameterValue } from '@unpair/robustness';
import type { Field } from './field.js';
import { parameterRule } from './rules.js';

type Specs = Readonly<Record<string, ParameterSpec>>;

/** More points than this in one sweep are a slip of the pen. */
const LARGEST_SWEEP = 10_000;

/**
 * One value for each parameter, defaults filled in; absent fields stand for all defaults. A parameter whose name has a
 * dot is a field of a map: `finetune.epochs` is `finetune: {epochs: …}`.
 */
export function readParameters(field: Field, specs: Specs, alsoKnown: readonly string[] = []): Parameters {
  checkKeys(field, Object.keys(specs), alsoKnown);
  const values = Object.entries(specs).map(([key, spec]) => {
    const value = key.split('.').reduce((at, part) => at.get(part), field);
    return [key, value.present ? (value.read(parameterRule(spec)) ?? spec.default) : spec.default] as const;
  });
  return Object.fromEntries(values);
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
export function readSweep(field: Field, specs: Specs): readonly Parameters[] {
  if (field.present && !field.hasKeys(Object.keys(specs), parameterMap(specs))) return [];
  let points: Parameters[] = [{}];
  for (const [key, spec] of Object.entries(specs)) {
    const values = readValues(field.get(key), spec);
    const combinations = points.length * values.length;
    if (combinations > LARGEST_SWEEP) {
      field.reject(
        `must have at most ${LARGEST_SWEEP} combinations of its listed values, got ${combinations}`,
      );
      return [];
    }
    points = points.flatMap((point) => values.map((value) => ({ ...point, [key]: value })));
  }
  return points;
}

function readValues(field: Field, spec: ParameterSpec): readonly ParameterValue[] {
  if (!field.present) return [spec.default];
  return field.readOneOrMore<ParameterValue>(parameterRule(spec)) ?? [spec.default];
}

function parameterMap(specs: Specs): string {
  const keys = Object.keys(specs);
  return keys.length === 0 ? 'empty, for it has no parameters' : `a map with the keys ${keys.join(', ')}`;
}
