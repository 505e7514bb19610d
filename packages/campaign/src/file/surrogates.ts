import { FUSIONS } from '@unpair/classifiers';
import type { Backward } from '@unpair/graph';
import { oneOf } from '@unpair/parameters';
import { BACKWARD_PARAMETERS } from '../backward.js';
import type { Surrogate, SurrogateUse } from '../surrogate.js';
import { surrogateOf, usedAs } from '../surrogate.js';
import type { Field } from './field.js';
import { MOST_SWEPT_MODELS } from './model-sweep.js';
import type { ModelsSection } from './models.js';
import { combinationCount, combinations, readParameters } from './parameters.js';

type Names = ModelsSection['names'];

const ALLOWED = 'a list of the names of models, or of ensembles such as {ensemble: [int8, stranger]}';
const [BY, BACKWARD] = ['by', 'backward'];
const RULES = Object.keys(BACKWARD_PARAMETERS) as readonly Backward['rule'][];

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
  const [one, several] = [entry.get('model'), entry.get('ensemble')];
  if (!entry.hasKeys(['model', 'ensemble', BY, BACKWARD])) return undefined;
  if (one.present === several.present) {
    const got = one.present ? 'both' : 'neither';
    entry.reject(`must be a map with either of the keys model and ensemble, got ${got}`);
    return undefined;
  }
  const use = readUse(entry);
  const models = one.present
    ? names.read(one)?.map((model) => surrogateOf(model))
    : readEnsemble(several, names);
  return use === undefined ? undefined : models?.map((surrogate) => usedAs(surrogate, use));
}

function readEnsemble(field: Field, names: Names): readonly Surrogate[] | undefined {
  const members = field.readGroups(
    (member) => names.read(member),
    'a list of the names of at least two models',
  );
  if (members === undefined) return undefined;
  const named = Array.isArray(field.value) ? field.value.length : 0;
  if (named < 2) field.reject(`must name at least two models, got ${named}`);
  return ensemblesOf(members, field);
}

/** What stands beside `model` or `ensemble`: how they are used. Undefined after complaining. */
function readUse(entry: Field): SurrogateUse | undefined {
  const fusion = entry.get(BY).readOr(oneOf(...FUSIONS), 'losses');
  const backward = entry.get(BACKWARD);
  const rule = backward.present ? readBackward(backward) : undefined;
  if (fusion === undefined || (backward.present && rule === undefined)) return undefined;
  return { ...(fusion !== 'losses' && { fusion }), ...(rule !== undefined && { backward: rule }) };
}

/** Reads `sgm`, or `{sgm: {decay: 0.5}}`. */
function readBackward(field: Field): Backward | undefined {
  const isMap = field.value instanceof Map;
  const allowed = `${RULES.join(', ')}, or a map such as {sgm: {decay: 0.5}}`;
  const [key, more] = isMap ? [...(field.value as Map<unknown, unknown>).keys()] : [field.value];
  const rule = RULES.find((name) => name === key);
  if (rule === undefined || more !== undefined) {
    field.reject(`must be ${allowed}${isMap ? '' : `, got ${JSON.stringify(field.value)}`}`);
    return undefined;
  }
  const { parameters, listed } = readParameters(field.get(rule), BACKWARD_PARAMETERS[rule]);
  for (const [name] of listed) field.get(rule).get(name).reject('must be one number, got a list');
  return { rule, ...parameters } as Backward;
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
