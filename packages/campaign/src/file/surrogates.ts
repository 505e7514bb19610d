import { ensembleName } from '../ensemble.js';
import type { Field } from './field.js';
import { readReference } from './models.js';

const ALLOWED = 'a list of the names of models, or of ensembles such as {ensemble: [int8, stranger]}';

/** Reads `surrogates:`. None at all is fine, as long as no attack needs one. */
export function readSurrogates(field: Field, names: readonly string[]): readonly string[] | undefined {
  const none = !field.present || (Array.isArray(field.value) && field.value.length === 0);
  return none ? [] : field.readList((entry) => readSurrogate(entry, names), ALLOWED);
}

function readSurrogate(entry: Field, names: readonly string[]): string | undefined {
  if (!(entry.value instanceof Map)) return readReference(entry, names);
  if (!entry.hasKeys(['ensemble'])) return undefined;
  const field = entry.get('ensemble');
  const members = field.readList(
    (member) => readReference(member, names),
    'a list of the names of at least two models',
  );
  if (members === undefined) return undefined;
  const named = Array.isArray(field.value) ? field.value.length : 0;
  if (named < 2) field.reject(`must name at least two models, got ${named}`);
  return ensembleName(members);
}
