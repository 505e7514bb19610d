import type { Rule } from '@unpair/parameters';
import { integer, truth as trueOrFalse } from '@unpair/parameters';
import { z } from 'zod';

/** A value by a rule of the house, which says what is allowed in the words of campaign files. */
function ruled<T>(rule: Rule<unknown>): z.ZodCustom<T, T> {
  return z.custom<T>((value) => rule.accept(value) !== undefined, { error: rule.allowed });
}

const wholeNumber = (min: number, max = Number.MAX_SAFE_INTEGER): z.ZodCustom<number, number> =>
  ruled(integer(min, max));
const truth = ruled<boolean>(trueOrFalse);

/** A number of which `test` holds. */
function number(allowed: string, test: (value: number) => boolean): z.ZodCustom<number, number> {
  const accept = (value: unknown): number | undefined =>
    typeof value === 'number' && Number.isFinite(value) && test(value) ? value : undefined;
  return ruled({ allowed, accept });
}

/** A text of which `test` holds. */
function text(allowed: string, test: (value: string) => boolean): z.ZodCustom<string, string> {
  const accept = (value: unknown): string | undefined =>
    typeof value === 'string' && test(value) ? value : undefined;
  return ruled({ allowed, accept });
}

const fraction = number('a number of at least 0 and below 1', (value) => value >= 0 && value < 1);
const nameRule = 'a name of lower-case letters, digits and hyphens that starts with a letter or digit';

const learningRate = z.strictObject({
  peak: number('a number above 0 and at most 100', (value) => value > 0 && value <= 100),
  warmupEpochs: number('a number of at least 0', (value) => value >= 0).default(0),
});
const augmentation = z.strictObject({ pad: wholeNumber(0, 1_024).default(0), flip: truth.default(false) });
const option = z.union([z.number(), z.array(z.number())], { error: 'a number or a list of numbers' });

/** A recipe as people write it; see models/ for examples. The message of an issue says what is allowed there. */
export const recipeSchema = z.strictObject({
  name: text(nameRule, (value) => /^[a-z0-9][a-z0-9-]*$/.test(value)),
  seed: wholeNumber(0),
  dataset: text('the name or the path of a data set', (value) => value !== ''),
  samples: wholeNumber(1).nullable().default(null),
  architecture: z.object({ name: text('the name of an architecture', () => true) }).catchall(option),
  epochs: wholeNumber(1, 10_000),
  batch: wholeNumber(1, 65_536),
  shards: wholeNumber(1, 256).default(1),
  learningRate,
  momentum: fraction.default(0.9),
  nesterov: truth.default(false),
  weightDecay: fraction.default(0),
  labelSmoothing: fraction.default(0),
  augmentation: augmentation.default({ pad: 0, flip: false }),
});

/** Keys of each map of a recipe, by the path of the map. */
export const RECIPE_KEYS: Readonly<Record<string, readonly string[]>> = {
  '': Object.keys(recipeSchema.shape),
  architecture: ['name'],
  learningRate: Object.keys(learningRate.shape),
  augmentation: Object.keys(augmentation.shape),
};
