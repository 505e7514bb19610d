import { UnpairError } from '@unpair/errors';
import type { Setting } from './environment.js';

export interface ServiceHelp {
  /** `unpair coordinator`. */
  readonly name: string;
  readonly settings: Readonly<Record<string, Setting<unknown>>>;
}

/**
 * What a service prints instead of starting; undefined where it is to start.
 * @throws UnpairError INVALID_ARGUMENT for any word but --help
 */
export function helpAsked(words: readonly string[], { name, settings }: ServiceHelp): string | undefined {
  const [first] = words;
  if (first === undefined) return undefined;
  if (first === '--help' || first === '-h') return helpOf({ name, settings });
  const message = `${name} takes no argument but --help, got "${first}": its settings are environment variables.`;
  throw new UnpairError('INVALID_ARGUMENT', message);
}

function helpOf({ name, settings }: ServiceHelp): string {
  const entries = Object.values(settings).map(({ variable, description, default: value, shown }) => {
    const text = value === null ? 'auto' : `${value as string | number | boolean}`;
    const absent = value === undefined ? 'must be set' : `default: ${shown?.(text) ?? text}`;
    const isEmpty = value === '';
    return `  ${variable}\n      ${description}${isEmpty ? '' : ` (${absent})`}`;
  });
  return [
    `${name}: started without arguments; every setting is an environment variable.`,
    '',
    ...entries,
  ].join('\n');
}

/** Every sentence of an error of settings, one a line. */
export function settingProblems(error: unknown): string {
  const { message, violations } = UnpairError.from(error);
  return violations.length === 0 ? message : violations.map(({ description }) => description).join('\n');
}
