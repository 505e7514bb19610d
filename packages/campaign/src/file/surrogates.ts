import type { Surrogate } from '../surrogate.js';
import { surrogateOf } from '../surrogate.js';
import type { Field } from './field.js';
import { MOST_SWEPT_MODELS } from './model-sweep.js';
import type { ModelsSection } from './models.js';
import { combinationCount, combinations } from './parameters.js';

type Names = ModelsSection['names'];

const ALLOWED = 'a list of the names of models, or of ensembles such as {ensemble: [int8, stranger]}';

/** Reads `surrogates:`. None at all is fine, as long as no attack needs one; undefined where all are in error. */
export function readSurrogates(field: Field, names: Names): readonly Surrogate[] | undefined {
  const none = !field.present || (Array.isArray(field.value) && field.value.length === 0);
  if (none) return [];
  const read = field
    .readGroups(
      (entry) => readSurrogate(entry, names),
      ALLOWED,
      ({ name }) => name,
    )
    ?.flat();
  return read?.length === 0 ? undefined : read;
}

function readSurrogate(entry: Field, names: Names): readonly Surrogate[] | undefined {
  if (!(entry.value instanceof Map)) return names.read(entry)?.map((model) => surrogateOf(model));
  if (!entry.hasKeys(['ensemble'])) return undefined;
  const field = entry.get('ensemble');
  const members = field.readGroups(
    (member) => names.read(member),
    'a list of the names of at least two models',
  );
  if (members === undefined) return undefined;
  const named = Array.isArray(field.value) ? field.value.length : 0;
  if (named < 2) field.reject(`must name at least two models, got ${named}`);
  return ensemblesOf(members, field);
}

/** One ensemble for each way to take one model of each member, the last member varying fastest. */
function ensemblesOf(
  members: readonly (readonly string[])[],
  field: Field,
): readonly Surrogate[] | undefined {
  const count = combinationCount(members, MOST_SWEPT_MODELS);
  if (count <= MOST_SWEPT_MODELS) {
    const choices = combinations(new Map(members.entries()));
    return choices.map((choice) => surrogateOf(...choice.map(([, model]) => model)));
  }
  field.reject(`must stand for at most ${MOST_SWEPT_MODELS} ensembles, got ${count}`);
  return undefined;
}
