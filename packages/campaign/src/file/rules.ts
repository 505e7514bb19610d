import type { Rule } from '@unpair/parameters';

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
