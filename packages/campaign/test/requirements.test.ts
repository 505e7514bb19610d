import { expect, test } from 'vitest';
import { requirementsOf } from '../src/index.js';
import { parsed, valid } from './fixtures.js';
import { BUILT_IN } from '../src/built-in.js';

/** The models of a file that gradients are asked of. */
function differentiated(file: string): readonly string[] {
  return [...requirementsOf(parsed(file, BUILT_IN))]
    .filter(([, requirement]) => requirement === 'gradients')
    .map(([name]) => name);
}

const searched = valid
  .replace('[int8, stranger]', '[]')
  .replace(/ {2}- pgd.*\n/, '')
  .replace(/ {2}- p-rgf.*\n/, '');

test('a target of searches without a surrogate is only asked for answers', () => {
  const file = searched.replace('{ quantize: { of: full } }', '{ file: int8.onnx }');
  expect(differentiated(file)).toEqual([]);
  expect(differentiated(`${file}similarity: { pairs: all }\n`)).toEqual(['full', 'int8', 'stranger']);
});

test.each([
  ['{ quantize: { of: stranger } }', ['stranger']],
  ['{ unpair: { of: stranger, from: full } }', ['full', 'stranger']],
  ['{ interpolate: { of: stranger, from: full } }', ['full', 'stranger']],
  ['{ imitate: { of: stranger, from: full } }', ['stranger']],
  ['{ quantize: { of: full }, ready: int8.onnx }', []],
])('of what %s is made, gradients', (entry, asked) => {
  expect(differentiated(searched.replace('{ quantize: { of: full } }', entry))).toEqual(asked);
});

test('gradients are asked of surrogates and of the targets that they are compared with, not of bystanders', () => {
  const file = valid
    .replace('[int8, stranger]', '[stranger]')
    .replace('{ quantize: { of: full } }', '{ file: x }');
  expect(differentiated(file)).toEqual(['full', 'stranger']);
});
