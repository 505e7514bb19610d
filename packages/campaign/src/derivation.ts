import type { SampleDemand } from '@unpair/training';
import { sampleDemand } from '@unpair/siblings';
import { BUILT_IN } from './built-in.js';
import type { ModelEntry, Sibling } from './campaign.js';
import { isSibling } from './campaign.js';
import type { Surrogate } from './surrogate.js';
import { onlyModelOf } from './surrogate.js';
import type { Catalogue } from './catalogue.js';

type Models = ReadonlyMap<string, ModelEntry>;

/** The file that a model is read from; undefined for one that the campaign makes, and for one behind an endpoint. */
export function fileOf(entry: ModelEntry): string | undefined {
  if (entry.kind === 'endpoint') return undefined;
  return entry.kind === 'file' ? entry.file : entry.ready;
}

/** Whether the campaign makes a model, rather than finding it in a file or behind an endpoint. */
export function isDerived(entry: ModelEntry): entry is Sibling {
  return isSibling(entry) && entry.ready === undefined;
}

/** The model that another is made of, here or before; undefined for what is made of none, as far as is known. */
export function originOf(entry: ModelEntry | undefined): string | undefined {
  return entry === undefined || entry.kind === 'endpoint' ? undefined : entry.of;
}

/** The models to be derived, each after those that it is derived from; otherwise in the order of the file. */
export function derivationOrder(models: Models): readonly (readonly [string, Sibling])[] {
  const ordered = new Map<string, Sibling>();
  const visit = (name: string): void => {
    const entry = models.get(name);
    if (entry === undefined || !isDerived(entry) || ordered.has(name)) return;
    for (const parent of parentsOf(entry)) visit(parent);
    ordered.set(name, entry);
  };
  for (const name of models.keys()) visit(name);
  return [...ordered];
}

/**
 * What a model is made of: another, and of some kinds the full model beside it. A file has the parent that it is said to
 * have; what is no model has none.
 */
export function parentsOf(entry: ModelEntry | undefined): readonly string[] {
  const of = originOf(entry);
  if (of === undefined) return [];
  if (entry === undefined || !isSibling(entry)) return [of];
  return entry.from === undefined ? [entry.of] : [entry.of, entry.from];
}

/**
 * Samples that a way of deriving asks for with these parameters.
 * @throws {RangeError} when this version has no such way
 */
export function sampleDemandOf(
  { kind, parameters }: Pick<Sibling, 'kind' | 'parameters'>,
  catalogue: Catalogue = BUILT_IN,
): SampleDemand {
  const definition = catalogue.siblings.find(({ name }) => name === kind);
  if (definition === undefined) throw new RangeError(`there is no way "${kind}" of deriving a model`);
  return sampleDemand(definition, parameters);
}

/**
 * Whether neither model derives from the other nor both from a third: such a model is a control, since what it
 * helps an attacker is not owed to what was published of the target. An ensemble is one if every member is. What
 * imitates a model has learnt from it, what is mixed with it has its weights, and what was unpaired from it was led away
 * from it: none of these is a stranger to it, whatever else it is made of.
 */
export function areStrangers(
  models: Models,
  { models: members }: Pick<Surrogate, 'models'>,
  target: string,
): boolean {
  const origins = new Set(originsOf(models, target));
  return members.every((member) => originsOf(models, member).every((origin) => !origins.has(origin)));
}

/** How an attacker made a model of answers of a target; undefined for any other, and for an ensemble. */
export function imitationOf(models: Models, surrogate: Surrogate, target: string): Sibling | undefined {
  const entry = models.get(onlyModelOf(surrogate) ?? '');
  if (entry === undefined || !isSibling(entry) || entry.maker !== 'attacker') return undefined;
  return entry.relation === 'imitates' && entry.from === target ? entry : undefined;
}

/** The files that a model comes from, by way of either of its parents. */
function originsOf(models: Models, name: string): readonly string[] {
  const lineage = new Set([name]);
  // What is added to a set while it is gone over is gone over as well.
  for (const member of lineage) for (const parent of parentsOf(models.get(member))) lineage.add(parent);
  return [...lineage].filter((member) => parentsOf(models.get(member)).length === 0);
}
