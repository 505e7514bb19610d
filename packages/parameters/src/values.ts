import type { Parameters } from './parameter-spec.js';

/** A parameter that is known to be a number. */
export function numberOf(parameters: Parameters, name: string): number {
  const value = parameters[name];
  if (typeof value !== 'number') throw new TypeError(`parameter ${name} must be a resolved number`);
  return value;
}

/** A parameter that is known to be a boolean. */
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
