import { UnpairError, type FieldViolation } from '@unpair/errors';

/** One setting: the variable it comes from, what it is when absent, and how its text is understood. */
export interface Setting<T> {
  readonly variable: string;
  readonly description: string;
  /** Undefined when the variable must be set. */
  readonly default: T | undefined;
  /** The value, or what would have been allowed. */
  parse(text: string): { readonly value: T } | { readonly allowed: string };
  /** A bad value as it may be shown; as it is, unless said. */
  readonly shown?: (text: string) => string;
}

type Settings = Readonly<Record<string, Setting<unknown>>>;

/** What {@link readEnvironment} returns for its settings. */
export type Values<S extends Settings> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never;
};

interface Description<T> {
  readonly description: string;
  readonly default?: T;
}

/** A non-empty text. */
export function text(variable: string, options: Description<string>): Setting<string> {
  const parse = (value: string): { value: string } => ({ value });
  return { variable, description: options.description, default: options.default, parse };
}

/** One of a few words. */
export function choice<const T extends string>(
  variable: string,
  options: Description<T> & { readonly of: readonly T[] },
): Setting<T> {
  const parse = (value: string): { value: T } | { allowed: string } => {
    const match = options.of.find((word) => word === value);
    return match === undefined ? { allowed: `one of ${options.of.join(', ')}` } : { value: match };
  };
  return { variable, description: options.description, default: options.default, parse };
}

/** `yes` or `no`, which is the default. */
export function flag(variable: string, { description }: { readonly description: string }): Setting<boolean> {
  const parse = (value: string): { value: boolean } | { allowed: string } =>
    value === 'yes' || value === 'no' ? { value: value === 'yes' } : { allowed: 'yes or no' };
  return { variable, description, default: false, parse };
}

/** Some of a few words, separated by commas; each once, in the order of `of`. */
export function choices<const T extends string>(
  variable: string,
  options: Description<readonly T[]> & { readonly of: readonly T[] },
): Setting<readonly T[]> {
  const { description, of } = options;
  const parse = (value: string): { value: readonly T[] } | { allowed: string } => {
    const words: readonly string[] = value.split(',').map((word) => word.trim());
    const known: readonly string[] = of;
    if (words.some((word) => !known.includes(word))) {
      return { allowed: `some of ${of.join(', ')}, separated by commas` };
    }
    return { value: of.filter((word) => words.includes(word)) };
  };
  return { variable, description, default: options.default, parse };
}

/** A text of a certain form, which `allowed` says in words. */
export function pattern(
  variable: string,
  options: Description<string> & { readonly accepts: (text: string) => boolean; readonly allowed: string },
): Setting<string> {
  const { description, accepts, allowed } = options;
  const parse = (value: string): { value: string } | { allowed: string } =>
    accepts(value) ? { value } : { allowed };
  return { variable, description, default: options.default, parse };
}

/** A whole number within bounds. */
export function integer(
  variable: string,
  options: Description<number> & { readonly min: number; readonly max: number },
): Setting<number> {
  const { min, max } = options;
  const parse = (value: string): { value: number } | { allowed: string } => {
    const number = /^-?\d+$/.test(value) ? Number(value) : NaN;
    const valid = number >= min && number <= max;
    return valid ? { value: number } : { allowed: `a whole number from ${min} to ${max}` };
  };
  return { variable, description: options.description, default: options.default, parse };
}

/** A whole number within bounds, or `auto`, the default: then null, and the program finds a good one. */
export function integerOrAuto(
  variable: string,
  options: { readonly description: string; readonly min: number; readonly max: number },
): Setting<number | null> {
  const { description, min, max } = options;
  const number = integer(variable, { description, min, max });
  const parse = (value: string): { value: number | null } | { allowed: string } => {
    if (value === 'auto') return { value: null };
    const parsed = number.parse(value);
    return 'value' in parsed ? parsed : { allowed: `auto or ${parsed.allowed}` };
  };
  return { variable, description, default: null, parse };
}

/** A listening address `host:port`; port 0 takes any free port. */
export function address(variable: string, options: Description<string>): Setting<string> {
  const parse = (value: string): { value: string } | { allowed: string } => {
    const port = /^(?:\[[0-9a-f:]+\]|[^\s:]+):(\d{1,5})$/i.exec(value)?.[1];
    const valid = port !== undefined && Number(port) <= 65_535;
    return valid ? { value } : { allowed: 'host:port with a port from 0 to 65535' };
  };
  return { variable, description: options.description, default: options.default, parse };
}

/**
 * Reads a service's settings once, at its start. Empty variables count as absent.
 * @param problems finds what settings cannot be together; of those that are wrong by themselves it is told the defaults
 * @throws UnpairError INVALID_ARGUMENT naming every bad variable, its value and what is allowed
 */
export function readEnvironment<S extends Settings>(
  environment: Readonly<Record<string, string | undefined>>,
  settings: S,
  problems: (values: Values<S>) => readonly FieldViolation[] = () => [],
): Values<S> {
  const violations: FieldViolation[] = [];
  const entries = Object.entries(settings).map(([name, setting]) => {
    const outcome = readOne(setting, environment[setting.variable] ?? '');
    if ('violation' in outcome) violations.push({ field: setting.variable, description: outcome.violation });
    return [name, 'value' in outcome ? outcome.value : setting.default] as const;
  });
  const values = Object.freeze(Object.fromEntries(entries)) as Values<S>;
  violations.push(...problems(values));
  if (violations.length > 0) {
    const message = violations.map(({ description }) => description).join(' ');
    throw new UnpairError('INVALID_ARGUMENT', message, { violations });
  }
  return values;
}

function readOne(setting: Setting<unknown>, value: string): { value: unknown } | { violation: string } {
  const { variable, description } = setting;
  if (value === '') {
    if (setting.default !== undefined) return { value: setting.default };
    return { violation: `${variable} is not set: it must hold ${description}.` };
  }
  const parsed = setting.parse(value);
  if ('value' in parsed) return parsed;
  const shown = setting.shown?.(value) ?? value;
  return { violation: `${variable} is "${shown}", but must be ${parsed.allowed}.` };
}
