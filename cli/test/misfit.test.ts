import { decodeModel } from '@unpair/graph';
import { expect, test } from 'vitest';

import { misfitOf } from '../src/models/misfit.js';
import { linearModel } from './workplace.js';

const graph = decodeModel(linearModel([1, 2, 2], 2));
const data = { name: 'images', shape: [1, 2, 2] as const, classes: 3, classNames: ['ant', 'bee', 'cat'] };

test('a model with other classes than a folder is told which those are', () => {
  expect(misfitOf(graph, data)).toBe('gives 2 classes, but images has 3: ant, bee, cat');
  expect(misfitOf(graph, { ...data, classNames: null })).toBe('gives 2 classes, but images has 3');
  expect(misfitOf(graph, { ...data, classes: 2, classNames: ['ant', 'bee'] })).toBeUndefined();
});

test('of a hundred classes the first twenty are', () => {
  const classNames = Array.from({ length: 100 }, (_, index) => `c${index}`);
  expect(misfitOf(graph, { ...data, classes: 100, classNames })).toMatch(
    /has 100: c0, c1, .*, c19, 80 more$/,
  );
});
