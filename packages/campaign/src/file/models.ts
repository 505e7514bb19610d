import { truth } from '@unpair/parameters';
import type { ParameterMisfit } from '@unpair/training';
import type { ModelEntry } from '../campaign.js';
import { entryOf } from '../campaign.js';
import { readAccess } from './access.js';
import { reportCircles } from './circles.js';
import { ENDPOINT_KEYS, readEndpoint, reportMadeOfEndpoints } from './endpoint.js';
import type { Field } from './field.js';
import type { ListedModel } from './listed-model.js';
import { OPTION_KEYS, readModelOptions } from './model-options.js';
import { ModelSweep } from './model-sweep.js';
import { parameterField, parameterKeys, readParameters } from './parameters.js';
import { reportOrigins } from './origins.js';
import { reportRoundedParents } from './rounded-parents.js';
import { name, text } from './rules.js';
import { reference } from './reference.js';
import type { KnownSibling } from '../catalogue.js';
import { traitsOf } from '../catalogue.js';

/** Beside a way of deriving: the file in which the model is made already. */
const READY = 'ready';
/** Beside a file: how much of its answers it gives. */
const ACCESS = 'access';

/** Beside a file: the model that it was made of. */
const OF = 'of';

/** The models of the file, and what the names under which others refer to them stand for. */
export interface ModelsSection {
  readonly models: ReadonlyMap<string, ModelEntry>;
  readonly names: Pick<ModelSweep, 'read'>;
}

/**
 * Reads `models:`, a map from names to entries such as `{file: …}` or `{quantize: {of: …}}`. An entry with listed
 * parameters stands for one model for each combination.
 */
export function readModels(field: Field, siblings: readonly KnownSibling[]): ModelsSection {
  const members = field.members('a map from names to models');
  if (members === undefined) return { models: new Map(), names: new ModelSweep([], new Map()) };
  if (members.length === 0) field.reject('must name at least one model, got an empty map');
  const names = members.map(([key]) => key);
  const listed = new Map<string, ListedModel>();
  for (const [key, member] of members) {
    if (name.accept(key) === undefined) member.reject(`must be called by ${name.allowed}`);
    const model = readModel(member, siblings);
    if (model !== undefined) listed.set(key, model);
  }
  const sweep = new ModelSweep(names, listed);
  reportCircles(listed);
  const models = sweep.models();
  for (const sibling of siblings) reportMisfits(models, listed, sibling);
  reportRoundedParents(models, listed, siblings);
  reportMadeOfEndpoints(models, listed);
  reportOrigins(models, (key) => field.get(key).get(OF));
  return { models, names: sweep };
}

/** Complains, once for each entry, about parameters that do not go together at some point of its sweep. */
function reportMisfits(
  models: ReadonlyMap<string, ModelEntry>,
  listed: ReadonlyMap<string, ListedModel>,
  { name: kind, misfit }: KnownSibling,
): void {
  const found = new Map<string, ParameterMisfit>();
  for (const [model, entry] of models) {
    if (entry.kind !== kind || found.has(entryOf(model, entry))) continue;
    const problem = misfit?.(entry.parameters);
    if (problem !== undefined) found.set(entryOf(model, entry), problem);
  }
  for (const [entry, { parameter, description }] of found) {
    const model = listed.get(entry);
    if (model === undefined || model.kind === 'given') continue;
    parameterField(model.field.get(kind), parameter).reject(description);
  }
}

function readModel(field: Field, siblings: readonly KnownSibling[]): ListedModel | undefined {
  const kinds = ['file', 'endpoint', ...siblings.map((sibling) => sibling.name)];
  const allowed = `a map with exactly one of the keys ${kinds.join(', ')}`;
  const members = field.members(allowed);
  const keys = [...kinds, ...OPTION_KEYS, ACCESS, OF, ...ENDPOINT_KEYS, READY];
  if (members === undefined || !field.hasKeys(keys, allowed)) return undefined;
  const known = members.filter(([key]) => kinds.includes(key));
  const [only] = known;
  if (only !== undefined && known.length === 1) return readKind(field, only, siblings);
  const found = known.map(([key]) => key).join(' and ');
  const isSpelled = members.every(([key]) => keys.includes(key));
  if (isSpelled)
    field.reject(
      `must be ${allowed}, got ${found || (members.length === 0 ? 'an empty map' : 'none of them')}`,
    );
  return undefined;
}

function readKind(
  model: Field,
  [kind, field]: readonly [string, Field],
  siblings: readonly KnownSibling[],
): ListedModel | undefined {
  const isGiven = kind === 'file' || kind === 'endpoint';
  if (isGiven) refuse(model, [READY], `belongs beside a derived model, not beside ${kind}`);
  else refuse(model, [...OPTION_KEYS, ACCESS, OF], 'belongs beside file, not beside a derived model');
  if (kind === 'endpoint') refuse(model, [OF], 'belongs beside file, not beside endpoint');
  if (kind !== 'endpoint')
    refuse(model, ENDPOINT_KEYS, `belongs beside endpoint, not beside ${isGiven ? kind : 'a derived model'}`);
  if (kind === 'file') return readFile(model, field);
  if (kind === 'endpoint') return readEndpoint(model, field);
  const sibling = siblings.find((candidate) => candidate.name === kind);
  return sibling && readSibling(model, field, sibling);
}

function refuse(model: Field, keys: readonly string[], description: string): void {
  for (const key of keys) if (model.get(key).present) model.get(key).reject(description);
}

function readFile(model: Field, field: Field): ListedModel | undefined {
  const file = field.read(text('the path of a model file'));
  const options = readModelOptions(model);
  const access = readAccess(model.get(ACCESS));
  const of = model.get(OF).present ? model.get(OF).read(reference)?.name : undefined;
  if (file === undefined) return undefined;
  const said = { ...(options !== undefined && { options }), ...(access !== undefined && { access }) };
  return { kind: 'given', entry: { kind: 'file', file, ...(of !== undefined && { of }), ...said } };
}

function readSibling(model: Field, field: Field, sibling: KnownSibling): ListedModel | undefined {
  const isDefence = sibling.relation === 'unpaired-from';
  const own = [
    ...(sibling.relation === undefined ? ['of'] : ['of', 'from']),
    ...(isDefence ? ['adaptive'] : []),
  ];
  const keys = [...own, ...parameterKeys(Object.keys(sibling.parameters))].join(', ');
  if (field.members(`a map with the keys ${keys}`) === undefined) return undefined;
  const parameters = readParameters(field, sibling.parameters, own);
  const adaptive = isDefence ? field.get('adaptive').readOr(truth, true) : undefined;
  const ready = model.get(READY).present
    ? model.get(READY).read(text('the path of a model file'))
    : undefined;
  const of = field.get('of').read(reference);
  const from = sibling.relation === undefined ? undefined : field.get('from').read(reference);
  if (of === undefined || (from === undefined && sibling.relation !== undefined)) return undefined;
  return {
    ...{ kind: sibling.name, field: model, of, ...traitsOf(sibling), ...parameters },
    ...(from !== undefined && { from }),
    ...(adaptive !== undefined && { adaptive }),
    ...(ready !== undefined && { ready }),
  };
}
