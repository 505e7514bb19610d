import type { Parameters } from '@unpair/parameters';
import type { ModelEntry } from '../campaign.js';
import { canonicalJson } from '../canonical-json.js';
import { isImitation } from '../derivation.js';
import { generatedName } from '../generated.js';
import type { Vocabulary } from '../vocabulary.js';
import { defaultsOf } from '../vocabulary.js';

type Models = ReadonlyMap<string, ModelEntry>;

/**
 * Attackers who imitate: queries, and epochs over them that come to as many steps; each at the default rate and at a
 * lower one. Shallow networks are turned back by the first, deep ones lose by it what they had learnt.
 */
const IMITATIONS = [
  { queries: 1000, epochs: 30 },
  { queries: 1000, epochs: 30, rate: 0.01 },
  { queries: 10_000, epochs: 3 },
  { queries: 10_000, epochs: 3, rate: 0.01 },
] as const;

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
  const word = siblings.find(({ name }) => name === 'imitate');
  if (word === undefined) return { models: known, imitations: () => [] };
  const recipes = (lesson: Lesson): readonly Recipe[] =>
    recipesOf(lesson, word.name, defaultsOf(word.parameters));
  const models = new Map(known);
  const names = imitationsAmong(known);
  const targets = targetsOf(lessons);
  for (const lesson of lessons) {
    const isOnly = targets.get(lesson.of)?.size === 1;
    for (const { text, entry, how } of recipes(lesson)) {
      if (names.has(text)) continue;
      const suffix = isOnly ? `imitated-${how}` : `imitated-${how}-of-${lesson.from}`;
      names.set(text, generatedName(lesson.of, suffix));
      models.set(generatedName(lesson.of, suffix), entry);
    }
  }
  return { models, imitations: (lesson) => recipes(lesson).flatMap(({ text }) => names.get(text) ?? []) };
}

interface Recipe {
  /** What tells it from the others of a lesson, in names: `1000-rate-0.01`. */
  readonly how: string;
  readonly entry: ModelEntry;
  /** The entry, as a text that two have in common only where they are the same. */
  readonly text: string;
}

function recipesOf(
  { of, from }: Lesson,
  kind: Exclude<ModelEntry['kind'], 'file'>,
  defaults: Parameters,
): readonly Recipe[] {
  return IMITATIONS.map((imitation) => {
    const entry = { kind, of, from, parameters: { ...defaults, ...imitation } };
    const how = [imitation.queries, ...('rate' in imitation ? ['rate', imitation.rate] : [])].join('-');
    return { how, entry, text: canonicalJson(entry) };
  });
}

/** The names of imitations by how they are made; of several that are made alike, the first. */
function imitationsAmong(models: Models): Map<string, string> {
  const imitations = [...models].flatMap(([name, entry]) =>
    entry.kind !== 'file' && isImitation(entry) ? [[canonicalJson(entry), name] as const] : [],
  );
  return new Map(imitations.toReversed());
}

/** The targets that each model is taught about. */
function targetsOf(lessons: readonly Lesson[]): ReadonlyMap<string, ReadonlySet<string>> {
  const targets = new Map<string, Set<string>>();
  for (const { of, from } of lessons) targets.set(of, (targets.get(of) ?? new Set()).add(from));
  return targets;
}
