import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { CliError } from '../../src/failure.js';
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
    if (error instanceof CliError) return error.violations.map(({ field }) => field);
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
    ['an unknown key', `${least}speed: 3`, 'recipe'],
    ['shards that do not divide the batch', `${least}shards: 3`, 'shards'],
    ['a missing value', least.replace('seed: 1', ''), 'seed'],
  ])('refuses %s', (_, text, field) => {
    expect(violationsOf(text)).toEqual([field]);
  });

  it('refuses what is not YAML, saying so', () => {
    expect(() => parseRecipe('a: [', 'recipe.yaml')).toThrow(/recipe.yaml is not YAML/);
  });
});

describe('the recipes of models/', () => {
  it.each(['cifar10-resnet20', 'cifar10-stranger'])('%s is valid', async (name) => {
    const path = new URL(`../../../models/${name}.yaml`, import.meta.url).pathname;
    expect((await readRecipe(path)).name).toBe(name);
    expect(await readFile(path, 'utf8')).toContain(`unpair train models/${name}.yaml`);
  });
});
