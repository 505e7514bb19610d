import type { Recipe } from '@unpair/robustness';
import { parse } from 'yaml';
import { z } from 'zod';
import { CliError } from '../failure.js';
import { readInputFile } from '../input-file.js';

const wholeNumber = (least: number, most: number): z.ZodNumber => z.number().int().min(least).max(most);
const fraction = z.number().min(0).lt(1);

/** A recipe as people write it; see models/ for examples. */
const schema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'must be lower-case letters, digits and hyphens'),
  seed: wholeNumber(0, Number.MAX_SAFE_INTEGER),
  dataset: z.string().min(1),
  samples: wholeNumber(1, Number.MAX_SAFE_INTEGER).nullable().default(null),
  architecture: z.object({ name: z.string() }).catchall(z.union([z.number(), z.array(z.number())])),
  epochs: wholeNumber(1, 10_000),
  batch: wholeNumber(1, 65_536),
  shards: wholeNumber(1, 256).default(1),
  learningRate: z.strictObject({
    peak: z.number().positive().max(100),
    warmupEpochs: z.number().min(0).default(0),
  }),
  momentum: fraction.default(0.9),
  nesterov: z.boolean().default(false),
  weightDecay: fraction.default(0),
  labelSmoothing: fraction.default(0),
  augmentation: z
    .strictObject({ pad: wholeNumber(0, 1_024).default(0), flip: z.boolean().default(false) })
    .default({ pad: 0, flip: false }),
});

/**
 * Reads and checks a recipe file.
 *
 * @throws {CliError} INVALID_ARGUMENT, with one violation for each thing that is wrong.
 */
export async function readRecipe(path: string): Promise<Recipe> {
  const bytes = await readInputFile(path, 'recipe file');
  return parseRecipe(bytes.toString('utf8'), path);
}

/** As `readRecipe`, from the file's text; `path` is quoted in errors. */
export function parseRecipe(text: string, path: string): Recipe {
  const result = schema.safeParse(parseYaml(text, path));
  if (!result.success) {
    const violations = result.error.issues.map((issue) => ({
      field: issue.path.join('.') || 'recipe',
      description: issue.message,
    }));
    throw new CliError('INVALID_ARGUMENT', `${path} is not a valid recipe`, violations);
  }
  const { architecture, momentum, nesterov, weightDecay, ...rest } = result.data;
  const { name, ...options } = architecture;
  if (rest.batch % rest.shards !== 0) {
    throw new CliError('INVALID_ARGUMENT', `${path} is not a valid recipe`, [
      { field: 'shards', description: `is ${rest.shards}; it must divide the batch of ${rest.batch}` },
    ]);
  }
  return { ...rest, architecture: { name, options }, sgd: { momentum, nesterov, weightDecay } };
}

function parseYaml(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError('INVALID_ARGUMENT', `${path} is not YAML: ${reason}`, [], { cause: error });
  }
}
