import type { Parameters, ParameterSpec, ParameterValue } from '@unpair/robustness';
import type { Field } from './field.js';
import { parameterRule } from './rules.js';

type Specs = Readonly<Record<string, ParameterSpec>>;

/** More points than this in one sweep are a slip of the pen. */
const LARGEST_SWEEP = 10_000;

/** One value for each parameter, defaults filled in; absent fields stand for all defaults. */
export function readParameters(field: Field, specs: Specs, alsoKnown: readonly string[] = []): Parameters {
  if (field.present) field.hasKeys([...alsoKnown, ...Object.keys(specs)]);
  const values = Object.entries(specs).map(([key, spec]) => {
    const value = field.get(key);
    return [key, value.present ? (value.read(parameterRule(spec)) ?? spec.default) : spec.default] as const;
  });
  return Object.fromEntries(values);
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
