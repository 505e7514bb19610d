import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { UnpairError } from '@unpair/errors';
import { parseRecipe, readRecipe } from '../../src/train/recipe-file.js';

const least = `
name: small
seed: 1
dataset: cifar10
architecture: { name: resnet }
epochs: 1
batch: 8
learningRate: { peak: 0.1 }
`;

function violationsOf(text: string): readonly unknown[] {
  try {
    parseRecipe(text, 'recipe.yaml');
  } catch (error) {
    if (error instanceof UnpairError) return error.violations.map(({ field }) => field);
    throw error;
  }
  throw new Error('the recipe was accepted');
}

describe('parseRecipe', () => {
  it('fills in what is left out', () => {
    const recipe = parseRecipe(least, 'recipe.yaml');
    expect(recipe.sgd).toEqual({ momentum: 0.9, weightDecay: 0, nesterov: false });
    expect(recipe.augmentation).toEqual({ pad: 0, flip: false });
    expect(recipe).toMatchObject({ shards: 1, samples: null, labelSmoothing: 0 });
  });

  it('names everything that is wrong at once', () => {
    const text = least.replace('batch: 8', 'batch: 0').replace('peak: 0.1', 'peak: -1');
    expect(violationsOf(text)).toEqual(['batch', 'learningRate.peak']);
  });

  it.each([
    [`${least}tempo: 3`, /^tempo is not a known key; known are name, seed, .*, augmentation\.$/],
    [`${least}batch_size: 3`, /^batch_size is not a known key; did you mean "batch"\?$/],
    [`${least}augmentation: { crop: 3 }`, /^augmentation\.crop is not a known key; known are pad, flip\.$/],
    [`${least}shards: 3`, /^shards must divide the batch of 8, got 3\.$/],
    [least.replace('seed: 1', ''), /^seed is missing: it must be an integer of at least 0\.$/],
    [least.replace('epochs: 1', 'epochs: many'), /^epochs must be an integer from 1 to 10000, got "many"\.$/],
    [
      least.replace('{ name: resnet }', 'resnet'),
      /^architecture must be a map with the key name, got "resnet"\.$/,
    ],
    [
      least.replace('name: resnet }', 'name: resnet, depth: deep }'),
      /^architecture\.depth must be a number or a list of numbers, got "deep"\.$/,
    ],
    [`${least}momentum: 1`, /^momentum must be a number of at least 0 and below 1, got 1\.$/],
    [`${least}nesterov: [1]`, /^nesterov must be true or false, got a list\.$/],
    [`${least}samples: 0`, /^samples must be an integer of at least 1, got 0\.$/],
    ['- 1', /^the recipe must be a map with the keys name, seed, .*, got a list\.$/],
    ['', /^the recipe is missing: it must be a map with the keys name, /],
  ])('says in one sentence what is wrong: %s', (text, sentence) => {
    expect(() => parseRecipe(text, 'recipe.yaml')).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: 'recipe.yaml has 1 error:',
        violations: [expect.objectContaining({ description: expect.stringMatching(sentence) as string })],
      }) as Error,
    );
  });

  it('refuses what is not YAML, saying so', () => {
    expect(() => parseRecipe('a: [', 'recipe.yaml')).toThrow(/^recipe\.yaml is not YAML: [^\n:]*$/);
  });
});

describe('the recipes of models/', () => {
  it.each(['cifar10-resnet20', 'cifar10-stranger'])('%s is valid', async (name) => {
    const path = new URL(`../../../models/${name}.yaml`, import.meta.url).pathname;
    expect((await readRecipe(path)).name).toBe(name);
    expect(await readFile(path, 'utf8')).toContain(`unpair train models/${name}.yaml`);
  });
});
