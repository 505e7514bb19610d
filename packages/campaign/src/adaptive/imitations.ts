import { defaultsOf } from '@unpair/parameters';
import type { ModelEntry, Sibling } from '../campaign.js';
import { isSibling } from '../campaign.js';
import { canonicalJson } from '../canonical-json.js';
import type { KnownSibling, Catalogue } from '../catalogue.js';
import { traitsOf } from '../catalogue.js';

type Models = ReadonlyMap<string, ModelEntry>;

/** Who is imitated by what model: `of` is fine-tuned on the answers of `from`. */
export interface Imitation {
  readonly of: string;
  readonly from: string;
}

/** A campaign's models with the imitations that attackers make of them. */
export interface WithImitations {
  /** The models known before, and after them the imitations that are not among these. */
  readonly models: Models;
  /** The imitations made for one of the wanted ones, by name, those of fewest queries first and the default rate before. */
  readonly imitations: (imitation: Imitation) => readonly string[];
}

/**
 * Adds the wanted imitations, each once. One that is made in the same way already does for it; those of
 * a model that imitates several targets have names that say which.
 */
export function addImitations(
  wanted: readonly Imitation[],
  known: Models,
  { siblings }: Catalogue,
): WithImitations {
  const models = new Map(known);
  const names = namesByRecipe(known);
  const targets = targetsOf(wanted);
  const made = (imitation: Imitation): readonly Made[] =>
    siblings.flatMap((sibling) => madeBy(sibling, imitation));
  for (const imitation of wanted) {
    const which = targets.get(imitation.of)?.size === 1 ? '' : `-of-${imitation.from}`;
    for (const { suffix, entry } of made(imitation)) {
      if (names.has(recipeOf(entry))) continue;
      // No name of the file holds this sign.
      const name = `${imitation.of}~${suffix}${which}`;
      names.set(recipeOf(entry), name);
      models.set(name, entry);
    }
  }
  const imitations = (imitation: Imitation): readonly string[] =>
    made(imitation).flatMap(({ entry }) => names.get(recipeOf(entry)) ?? []);
  return { models, imitations };
}

interface Made {
  /** What tells it from the others of an imitation, in names: `imitated-1000-rate-0.01`. */
  readonly suffix: string;
  readonly entry: Sibling;
}

function madeBy(sibling: KnownSibling, { of, from }: Imitation): readonly Made[] {
  const common = { kind: sibling.name, ...traitsOf(sibling), of, from, generated: true } as const;
  return (sibling.tries ?? []).map(({ name, parameters }) => ({
    suffix: name,
    entry: { ...common, parameters: { ...defaultsOf(sibling.parameters), ...parameters } },
  }));
}

/** How a model is made, as a text that two have in common only where they are the same. */
function recipeOf({ kind, of, from, ready, parameters }: Sibling): string {
  return canonicalJson({ kind, of, from: from ?? null, ready: ready ?? null, parameters });
}

/** The names of models by how they are made; of several that are made alike, the first. */
function namesByRecipe(models: Models): Map<string, string> {
  const recipes = [...models].flatMap(([name, entry]) =>
    isSibling(entry) ? [[recipeOf(entry), name] as const] : [],
  );
  return new Map(recipes.toReversed());
}

/** The targets that each model imitates. */
function targetsOf(wanted: readonly Imitation[]): ReadonlyMap<string, ReadonlySet<string>> {
  const targets = new Map<string, Set<string>>();
  for (const { of, from } of wanted) targets.set(of, (targets.get(of) ?? new Set()).add(from));
  return targets;
}
