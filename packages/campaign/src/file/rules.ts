import { parseAmount } from '@unpair/parameters';
import type { ParameterSpec, ParameterValue } from '@unpair/parameters';

/** What one value of the file may be: in words for the error sentence, and as a test. */
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

export function oneOf<T extends string>(...choices: readonly T[]): Rule<T> {
  return {
    allowed: choices.length === 1 ? `${choices[0] ?? ''}` : `one of ${choices.join(', ')}`,
    accept: (value) => choices.find((choice) => choice === value),
  };
}

export function text(allowed: string): Rule<string> {
  return {
    allowed,
    accept: (value) => (typeof value === 'string' && value.trim() !== '' ? value : undefined),
  };
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

/** Names end up in subjects, file names and metric labels. */
export const name: Rule<string> = {
  allowed: 'a name of 1 to 63 letters, digits, - and _ that starts with a letter or digit',
  accept: (value) => (typeof value === 'string' && NAME.test(value) ? value : undefined),
};

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
