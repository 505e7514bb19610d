import type { AdaptiveSection, Campaign, Defence, ModelEntry, Sibling } from '../campaign.js';
import type { Json } from '../canonical-json.js';
import { canonicalJson } from '../canonical-json.js';
import { isGenerated, isSibling } from '../campaign.js';
import { areStrangers, originOf } from '../derivation.js';
import { onlyModelOf, surrogateOf } from '../surrogate.js';

type Models = ReadonlyMap<string, ModelEntry>;
type Parts = Pick<Campaign, 'models' | 'targets' | 'surrogates'>;

/** Every published sibling with a target that it was unpaired from, in the order of surrogates and targets. */
export function defencesOf({ models, targets, surrogates }: Parts): readonly Defence[] {
  return alone(surrogates).flatMap((sibling) =>
    targets.flatMap(({ model: target }) => {
      const steps = stepsTo(models, sibling);
      // What an attacker made of a published model is not published.
      if (steps.some(({ maker }) => maker === 'attacker')) return [];
      const defending = steps.filter((step) => defends(step, target));
      if (defending.length === 0) return [];
      return [{ sibling, target, adaptive: defending.some(({ adaptive }) => adaptive === true) }];
    }),
  );
}

/** The defended siblings whose gradients are looked into, each once. */
export function maskedModels({ defences }: AdaptiveSection): readonly string[] {
  return [...new Set(defences.filter(({ adaptive }) => adaptive).map(({ sibling }) => sibling))];
}

/**
 * The model of the campaign that is made in the same way but for the unpairing from that target: what would have been
 * published without the defence. A surrogate goes before others that are made alike; null where there is none.
 */
export function undefendedOf({ sibling, target }: Defence, { models, surrogates }: Parts): string | null {
  const wanted = recipeOf(models, sibling, target);
  const candidates = [...alone(surrogates), ...models.keys()];
  const recipes = recipesOf(models);
  return candidates.find((name) => recipes.get(name) === wanted) ?? null;
}

/** The surrogates that have nothing to do with a target, each of one model. */
export function strangersTo(target: string, { models, surrogates }: Parts): readonly string[] {
  return alone(surrogates).filter(
    (name) => name !== target && areStrangers(models, surrogateOf(name), target),
  );
}

/** The surrogates of one model. */
function alone(surrogates: Parts['surrogates']): readonly string[] {
  return surrogates.flatMap((surrogate) => onlyModelOf(surrogate) ?? []);
}

function defends({ relation, from }: Sibling, target: string): boolean {
  return relation === 'unpaired-from' && from === target;
}

/** How a model is made, from the last step to the first. */
function stepsTo(models: Models, name: string): readonly Sibling[] {
  const entry = models.get(name);
  const of = originOf(entry);
  if (entry === undefined || of === undefined) return [];
  return [...(isSibling(entry) ? [entry] : []), ...stepsTo(models, of)];
}

/** The recipes of the models of campaigns' files: those of a large sweep are compared with as many. */
const RECIPES = new WeakMap<Models, ReadonlyMap<string, string>>();

function recipesOf(models: Models): ReadonlyMap<string, string> {
  const known = RECIPES.get(models);
  if (known !== undefined) return known;
  const asked = [...models].filter(([, model]) => !isGenerated(model));
  const recipes = new Map(asked.map(([name]) => [name, recipeOf(models, name, null)]));
  RECIPES.set(models, recipes);
  return recipes;
}

/** How a model is made, as a text; files stand for themselves, and steps that unpair from `left` are left out. */
function recipeOf(models: Models, name: string, left: string | null): string {
  return canonicalJson(recipe(models, name, left));
}

function recipe(models: Models, name: string, left: string | null): Json {
  const entry = models.get(name);
  if (entry === undefined || !isSibling(entry)) return name;
  const { kind, of, from, relation, parameters } = entry;
  const base = recipe(models, of, left);
  if (left !== null && defends(entry, left)) return base;
  const second = from === undefined ? null : recipe(models, from, null);
  // Weights between those of a model and its own are its own.
  if (relation === 'mixed-with' && canonicalJson(base) === canonicalJson(second)) return base;
  return { kind, parameters, of: base, from: second };
}
