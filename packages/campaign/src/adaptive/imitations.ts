import { defaultsOf } from '@unpair/parameters';
import type { ModelEntry } from '../campaign.js';
import { canonicalJson } from '../canonical-json.js';
import type { Derived } from '../derivation.js';
import type { SiblingWord, Vocabulary } from '../vocabulary.js';
import { traitsOf } from '../vocabulary.js';

type Models = ReadonlyMap<string, ModelEntry>;

/** Who is imitated by what model: `of` is fine-tuned on the answers of `from`. */
export interface Lesson {
  readonly of: string;
  readonly from: string;
}

/** What lessons come to. */
export interface Taught {
  /** The models known before, and after them the imitations that are not among these. */
  readonly models: Models;
  /** The imitations of one of the lessons, by name, those of fewest queries first and the default rate before. */
  readonly imitations: (lesson: Lesson) => readonly string[];
}

/**
 * Adds the imitations that lessons come to, each once. One that is made in the same way already does for it; those of
 * a model that is taught about several targets have names that say which.
 */
export function teach(lessons: readonly Lesson[], known: Models, { siblings }: Vocabulary): Taught {
  const models = new Map(known);
  const names = namesByRecipe(known);
  const targets = targetsOf(lessons);
  const made = (lesson: Lesson): readonly Made[] => siblings.flatMap((word) => madeBy(word, lesson));
  for (const lesson of lessons) {
    const which = targets.get(lesson.of)?.size === 1 ? '' : `-of-${lesson.from}`;
    for (const { suffix, entry } of made(lesson)) {
      if (names.has(recipeOf(entry))) continue;
      // No name of the file holds this sign.
      const name = `${lesson.of}~${suffix}${which}`;
      names.set(recipeOf(entry), name);
      models.set(name, entry);
    }
  }
  const imitations = (lesson: Lesson): readonly string[] =>
    made(lesson).flatMap(({ entry }) => names.get(recipeOf(entry)) ?? []);
  return { models, imitations };
}

interface Made {
  /** What tells it from the others of a lesson, in names: `imitated-1000-rate-0.01`. */
  readonly suffix: string;
  readonly entry: Derived;
}

function madeBy(word: SiblingWord, { of, from }: Lesson): readonly Made[] {
  const common = { kind: word.name, ...traitsOf(word), of, from, generated: true } as const;
  return (word.tries ?? []).map(({ name, parameters }) => ({
    suffix: name,
    entry: { ...common, parameters: { ...defaultsOf(word.parameters), ...parameters } },
  }));
}

/** How a model is made, as a text that two have in common only where they are the same. */
function recipeOf({ kind, of, from, ready, parameters }: Derived): string {
  return canonicalJson({ kind, of, from: from ?? null, ready: ready ?? null, parameters });
}

/** The names of models by how they are made; of several that are made alike, the first. */
function namesByRecipe(models: Models): Map<string, string> {
  const recipes = [...models].flatMap(([name, entry]) =>
    entry.kind === 'file' ? [] : [[recipeOf(entry), name] as const],
  );
  return new Map(recipes.toReversed());
}

/** The targets that each model is taught about. */
function targetsOf(lessons: readonly Lesson[]): ReadonlyMap<string, ReadonlySet<string>> {
  const targets = new Map<string, Set<string>>();
  for (const { of, from } of lessons) targets.set(of, (targets.get(of) ?? new Set()).add(from));
  return targets;
}
