import type { ModelEntry } from '../campaign.js';
import { parentsOf } from '../derivation.js';
import type { Field } from './field.js';
import { OPTION_KEYS, readModelOptions } from './model-options.js';
import { parameterKeys, readParameters } from './parameters.js';
import { name, text, truth } from './rules.js';
import { suggestion } from './spelling.js';
import type { SiblingWord } from '../vocabulary.js';

/** Beside a way of deriving: the file in which the model is made already. */
const READY = 'ready';

/** The models of the file, and the names under which others may refer to them (also those that are in error). */
export interface ModelsSection {
  readonly models: ReadonlyMap<string, ModelEntry>;
  readonly names: readonly string[];
}

/** Reads `models:`, a map from names to entries such as `{file: …}` or `{quantize: {of: …}}`. */
export function readModels(field: Field, siblings: readonly SiblingWord[]): ModelsSection {
  const members = field.members('a map from names to models');
  if (members === undefined) return { models: new Map(), names: [] };
  if (members.length === 0) field.reject('must name at least one model, got an empty map');
  const names = members.map(([key]) => key);
  const models = new Map<string, ModelEntry>();
  for (const [key, member] of members) {
    if (name.accept(key) === undefined) member.reject(`must be called by ${name.allowed}`);
    const entry = readModel(member, siblings, names);
    if (entry !== undefined) models.set(key, entry);
  }
  reportCycles(field, models);
  reportTargetCycles(field, models);
  return { models, names };
}

function readModel(
  field: Field,
  siblings: readonly SiblingWord[],
  names: readonly string[],
): ModelEntry | undefined {
  const kinds = ['file', ...siblings.map((sibling) => sibling.name)];
  const allowed = `a map with exactly one of the keys ${kinds.join(', ')}`;
  const members = field.members(allowed);
  const keys = [...kinds, ...OPTION_KEYS, READY];
  if (members === undefined || !field.hasKeys(keys, allowed)) return undefined;
  const known = members.filter(([key]) => kinds.includes(key));
  const [only] = known;
  if (only !== undefined && known.length === 1) return readKind(field, only, siblings, names);
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
  siblings: readonly SiblingWord[],
  names: readonly string[],
): ModelEntry | undefined {
  if (kind === 'file') {
    if (model.get(READY).present) model.get(READY).reject('belongs beside a derived model, not beside file');
    const file = field.read(text('the path of a model file'));
    const options = readModelOptions(model);
    return file === undefined ? undefined : { kind, file, ...(options !== undefined && { options }) };
  }
  for (const key of OPTION_KEYS) {
    if (model.get(key).present) model.get(key).reject('belongs beside file, not beside a derived model');
  }
  const sibling = siblings.find((candidate) => candidate.name === kind);
  if (sibling === undefined) return undefined;
  const own = [
    ...(sibling.needsTarget === true ? ['of', 'from'] : ['of']),
    ...(sibling.isDefence ? ['adaptive'] : []),
  ];
  const keys = [...own, ...parameterKeys(Object.keys(sibling.parameters))].join(', ');
  if (field.members(`a map with the keys ${keys}`) === undefined) return undefined;
  const parameters = readParameters(field, sibling.parameters, own);
  const adaptive = sibling.isDefence === true ? field.get('adaptive').readOr(truth, true) : undefined;
  const ready = model.get(READY).present
    ? model.get(READY).read(text('the path of a model file'))
    : undefined;
  const of = readReference(field.get('of'), names);
  const from = sibling.needsTarget === true ? readReference(field.get('from'), names) : undefined;
  if (of === undefined || (from === undefined && sibling.needsTarget === true)) return undefined;
  return {
    ...{ kind: sibling.name, of, parameters },
    ...(from !== undefined && { from }),
    ...(adaptive !== undefined && { adaptive }),
    ...(ready !== undefined && { ready }),
  };
}

/** Reads the name of a model that the file defines; without any, that is the error to report, not this. */
export function readReference(field: Field, names: readonly string[]): string | undefined {
  const reference = field.read(text('the name of a model'));
  if (reference === undefined || names.length === 0 || names.includes(reference)) return reference;
  field.reject(`names no model, got "${reference}"${suggestion(reference, names)}`);
  return undefined;
}

/** Each cycle is reported once, at the model of it that the file names first. */
function reportCycles(field: Field, models: ReadonlyMap<string, ModelEntry>): void {
  const settled = new Set<string>();
  for (const start of models.keys()) {
    const trail: string[] = [];
    let at: string | undefined = start;
    while (at !== undefined && !settled.has(at) && !trail.includes(at)) {
      trail.push(at);
      at = parentOf(models, at);
    }
    const cycle = at === undefined || settled.has(at) ? [] : trail.slice(trail.indexOf(at));
    trail.forEach((model) => settled.add(model));
    const [first] = cycle;
    const entry = first === undefined ? undefined : models.get(first);
    if (first === undefined || entry === undefined) continue;
    const circle = [...cycle, first].join(' → ');
    field
      .get(first)
      .get(entry.kind)
      .get('of')
      .reject(`must not lead back to the model itself, got ${circle}`);
  }
}

/** A model cannot be unpaired from one that is made, over whatever detours, of the model itself. */
function reportTargetCycles(field: Field, models: ReadonlyMap<string, ModelEntry>): void {
  for (const [name, entry] of models) {
    if (entry.kind === 'file' || entry.from === undefined || !leadsTo(models, entry.from, name)) continue;
    field
      .get(name)
      .get(entry.kind)
      .get('from')
      .reject(`must not be made of the model itself, got "${entry.from}"`);
  }
}

function leadsTo(models: ReadonlyMap<string, ModelEntry>, start: string, goal: string): boolean {
  const reached = new Set([start]);
  for (const name of reached) {
    const entry = models.get(name);
    if (entry === undefined || entry.kind === 'file') continue;
    for (const parent of parentsOf(entry)) reached.add(parent);
  }
  return reached.has(goal);
}

function parentOf(models: ReadonlyMap<string, ModelEntry>, model: string): string | undefined {
  const entry = models.get(model);
  return entry === undefined || entry.kind === 'file' ? undefined : entry.of;
}
