import { readFileSync } from 'node:fs';
import { KNOWN_OPERATORS, compositeOperators, differentiableOperators } from '@unpair/graph';
import { expect, it } from 'vitest';
import { PAGE, withOperatorLists } from '../scripts/generate-operator-lists.js';
import { stepOperators } from '../src/autodiff/registry.js';

it('docs/models.md lists the operators as they are (else: npm run gen)', () => {
  const page = readFileSync(PAGE, 'utf8');
  expect(withOperatorLists(page)).toBe(page);
});

it('whatever has a derivative has a shape, and none has two kinds of derivative', () => {
  const differentiable = differentiableOperators();
  expect([...differentiable, ...stepOperators()].filter((op) => !KNOWN_OPERATORS.has(op))).toEqual([]);
  expect(stepOperators().filter((op) => differentiable.includes(op))).toEqual([]);
  expect(compositeOperators().filter((op) => !differentiable.includes(op))).toEqual([]);
});
