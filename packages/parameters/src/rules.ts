import type { ParameterSpec, ParameterValue } from './parameter-spec.js';

/** What one value that people give may be: in words for the error sentence, and as a test. */
export interface Rule<T> {
  /** Completes "must be …". */
  readonly allowed: string;
  /** The value that was meant, or undefined when it is not allowed. */
  accept(value: unknown): T | undefined;
}

export function integer(min: number, max = Number.MAX_SAFE_INTEGER): Rule<number> {
  const allowed =
    max === Number.MAX_SAFE_INTEGER ? `an integer of at least ${min}` : `an integer from ${min} to ${max}`;
  return {
    allowed,
    accept: (value) =>
      typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
        ? value
        : undefined,
  };
}

/** A number within bounds; −Infinity and Infinity stand for none. */
export function number(min: number, max = Infinity): Rule<number> {
  return {
    allowed:
      min === -Infinity
        ? 'a number'
        : max === Infinity
          ? `a number of at least ${min}`
          : `a number from ${min} to ${max}`,
    accept: (value) =>
      typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max ? value : undefined,
  };
}

/** A positive amount in units of the [0,1] pixel range, also written as a fraction. */
export function pixels(max: number, example: string): Rule<number> {
  const range = max === Infinity ? 'above 0' : `above 0 and at most ${max}`;
  return {
    allowed: `a pixel amount ${range}, such as ${example}`,
    accept: (value) => {
      const amount = parseAmount(value);
      return amount !== undefined && amount > 0 && amount <= max ? amount : undefined;
    },
  };
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

export function oneOf<T extends string>(...choices: readonly T[]): Rule<T> {
  return {
    allowed: choices.length === 1 ? `${choices[0] ?? ''}` : `one of ${choices.join(', ')}`,
    accept: (value) => choices.find((choice) => choice === value),
  };
}

export const truth: Rule<boolean> = {
  allowed: 'true or false',
  accept: (value) => (typeof value === 'boolean' ? value : undefined),
};

/** The rule that a parameter of an attack or of a sibling declares. */
export function parameterRule(spec: ParameterSpec): Rule<Exclude<ParameterValue, null>> {
  switch (spec.type) {
    case 'integer':
      return integer(spec.min, spec.max);
    case 'number':
      return number(spec.min, spec.max);
    case 'pixels':
      return pixels(spec.max ?? Infinity, '2/255');
    case 'boolean':
      return truth;
    case 'choice':
      return oneOf(...spec.choices);
  }
}

/** A value as error messages quote it. */
export function quoted(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value === 'string')
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeof value;
}
