import { UnpairError, type FieldViolation } from '@unpair/errors';
import type { Recipe } from '@unpair/training';
import { parse } from 'yaml';
import { invalidFile } from '../failure.js';
import { readInputFile } from '../input-file.js';
import { problemsOf } from './recipe-problems.js';
import { recipeSchema } from './recipe-schema.js';

/**
 * Reads and checks a recipe file.
 *
 * @throws {UnpairError} INVALID_ARGUMENT, with one violation for each thing that is wrong.
 */
export async function readRecipe(path: string): Promise<Recipe> {
  const bytes = await readInputFile(path, 'recipe file');
  return parseRecipe(bytes.toString('utf8'), path);
}

/** As `readRecipe`, from the file's text; `path` is quoted in errors. */
export function parseRecipe(text: string, path: string): Recipe {
  const given = parseYaml(text, path);
  const result = recipeSchema.safeParse(given);
  if (!result.success) throw invalidFile(path, problemsOf(given, result.error.issues));
  const { architecture, momentum, nesterov, weightDecay, ...rest } = result.data;
  const { name, ...options } = architecture;
  if (rest.batch % rest.shards !== 0) throw invalidFile(path, [indivisible(rest)]);
  return { ...rest, architecture: { name, options }, sgd: { momentum, nesterov, weightDecay } };
}

function indivisible({ batch, shards }: Pick<Recipe, 'batch' | 'shards'>): FieldViolation {
  return { field: 'shards', description: `shards must divide the batch of ${batch}, got ${shards}.` };
}

function parseYaml(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    // The lines behind the first show the place, which the first one names.
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    const sentence = `${path} is not YAML: ${reason.replace(/:$/, '')}`;
    throw new UnpairError('INVALID_ARGUMENT', sentence, { cause: error });
  }
}
