import { parseArgs } from 'node:util';

/** A numeric option that was not given takes this; the smallest value allowed stands beside it. */
export interface NumberOption {
  readonly default: number;
  readonly min: number;
}

export interface Options<Name extends string, Text extends string> {
  readonly numbers: Readonly<Record<Name, number>>;
  /** Options that are any text, where they were given. */
  readonly texts: Readonly<Partial<Record<Text, string>>>;
  /** Where `--json` wants the results. */
  readonly json: string | undefined;
}

/**
 * Reads `--NAME N` for each of the named whole numbers, `--NAME TEXT` for each of the texts, and `--json FILE`.
 * @throws {TypeError} for an option that is unknown, and {RangeError} for a value that is not allowed
 */
export function readOptions<Name extends string, Text extends string = never>(
  args: readonly string[],
  known: Readonly<Record<Name, NumberOption>>,
  textNames: readonly Text[] = [],
): Options<Name, Text> {
  const names = Object.keys(known) as Name[];
  const options = Object.fromEntries(
    [...names, ...textNames, 'json'].map((name) => [name, { type: 'string' as const }]),
  );
  const values = parseArgs({ args: [...args], options, strict: true }).values as Partial<
    Record<string, string>
  >;
  const numbers = names.map((name) => [name, wholeNumber(name, values[name], known[name])] as const);
  const texts = textNames.map((name) => [name, values[name]] as const);
  return {
    numbers: Object.fromEntries(numbers) as Record<Name, number>,
    texts: Object.fromEntries(texts) as Partial<Record<Text, string>>,
    json: values['json'],
  };
}

function wholeNumber(
  name: string,
  text: string | undefined,
  { min, default: fallback }: NumberOption,
): number {
  const value = text === undefined ? fallback : Number(text);
  if (Number.isInteger(value) && value >= min) return value;
  throw new RangeError(`--${name} must be a whole number of at least ${min}, got ${text ?? ''}`);
}
