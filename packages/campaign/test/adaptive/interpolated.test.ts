import { expect, test } from 'vitest';
import { areStrangers } from '../../src/derivation.js';
import { surrogateOf } from '../../src/index.js';
import { defend } from './defend-file.js';
import { defenceOf, reportOf } from './defend-results.js';

test('weights on the way back to the full model have the counterpart that they had before', async () => {
  const mixed = (from: string): string => `
  tuned: { unpair: { of: full, from: full } }
  mixed: { interpolate: { of: tuned, from: ${from} } }
  int8-unpaired: { quantize: { of: mixed } }`;
  const defences = (from: string) => defend({ models: mixed(from), epsilon: '8/255' }).adaptive.defences;
  expect(defences('full')).toEqual([{ sibling: 'int8-unpaired', target: 'full', adaptive: true }]);
  const undefended = async (from: string): Promise<string | null> =>
    defenceOf(await reportOf(defend({ models: mixed(from), epsilon: '8/255' }), new Map())).undefended;
  expect([await undefended('full'), await undefended('stranger')]).toEqual(['int8', null]);
});

test('what has weights of the target is no stranger to it', () => {
  const models = '\n  mixed: { interpolate: { of: stranger, from: full } }';
  const { models: entries } = defend({ models, surrogates: '[int8, stranger, mixed]' });
  expect(
    ['stranger', 'mixed', 'int8'].map((name) => areStrangers(entries, surrogateOf(name), 'full')),
  ).toEqual([true, false, false]);
});
