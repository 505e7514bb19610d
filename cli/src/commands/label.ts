import { InvalidArgumentError } from 'commander';

/** Labels of campaigns, by key. */
export type Labels = Readonly<Record<string, string>>;

/** A parser of repeated options `KEY=VALUE`. */
export function label(text: string, before: Labels): Labels {
  const [, key = '', value = ''] = /^([^=]+)=([^=]+)$/.exec(text) ?? [];
  if (key !== '') return { ...before, [key]: value };
  throw new InvalidArgumentError('It must be KEY=VALUE.');
}
