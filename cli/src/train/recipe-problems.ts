import { quoted } from '@unpair/parameters';
import type { z } from 'zod';

import type { FieldViolation } from '@unpair/errors';
import { suggestion } from '@unpair/parameters';
import { RECIPE_KEYS } from './recipe-schema.js';

type Path = readonly PropertyKey[];

/** What is wrong with a recipe, in sentences as campaign files get them: the field, what is allowed, what was given. */
export function problemsOf(given: unknown, issues: readonly z.core.$ZodIssue[]): readonly FieldViolation[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(issue.path, key));
    const field = fieldOf(issue.path);
    const allowed = allowedBy(issue);
    const value = valueAt(given, issue.path);
    const sentence =
      value === undefined || value === null
        ? `${field} is missing: it must be ${allowed}.`
        : `${field} must be ${allowed}, got ${quoted(value)}.`;
    return [{ field, description: sentence }];
  });
}

const fieldOf = (path: Path): string => path.map(String).join('.') || 'the recipe';

/** Of maps, zod has its own words. */
function allowedBy({ code, path, message }: z.core.$ZodIssue): string {
  const keys = RECIPE_KEYS[path.map(String).join('.')];
  return code === 'invalid_type' && keys !== undefined
    ? `a map with the ${keys.length === 1 ? 'key' : 'keys'} ${keys.join(', ')}`
    : message;
}

function unknownKey(path: Path, key: string): FieldViolation {
  const field = fieldOf([...path, key]);
  const known = RECIPE_KEYS[path.map(String).join('.')] ?? [];
  const hint = suggestion(key, known);
  return { field, description: `${field} is not a known key${hint}${hint.endsWith('?') ? '' : '.'}` };
}

function valueAt(given: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    given,
  );
}
