import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { planCampaign } from '../src/index.js';
import { campaignWith, parsed, fileWith } from './fixtures.js';
import { BUILT_IN } from '../src/built-in.js';

// Sweeps, one of whose values holds the sign of ensembles, ensembles of their members, what the plan adds for a
// defence, and a copy of the file that one of these would be.
const campaign = campaignWith(
  `  stranger: { file: stranger.onnx }
  unpaired: { unpair: { of: full, from: full, smoothness: [1e-7, 2] } }
  int8: { quantize: { of: unpaired, weights: [8, 4] } }
  deep: { distill: { of: full, depth: [8, 14] } }
  copy: { imitate: { of: stranger, from: full, queries: [10000, 20] } }`,
  { surrogates: '[int8, { ensemble: [int8, stranger] }, { ensemble: [deep, full] }, copy, stranger]' },
);
const { cells, adaptive } = planCampaign(campaign);

function digestOf(lines: readonly string[]): string {
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

describe('random streams and rows are found by identities, of which not one byte changes', () => {
  const ids = cells.map(({ id }) => id);
  const mifgsm = 'linf=0.03137254901960784/{"momentum":1,"steps":10}';
  const pgd =
    'linf=0.03137254901960784/{"flipped":false,"randomStart":true,"restarts":1,"stepSize":0.00784313725490196,"steps":10}';

  test.each([
    ['a sweep', `pgd/full/int8[weights=4,unpaired.smoothness=1e-7]/${pgd}`],
    ['an ensemble', `pgd/full/int8[weights=8,unpaired.smoothness=2]+stranger/${pgd}`],
    ['an ensemble with the target', `pgd/full/deep[depth=14]+full/${pgd}`],
    ['a generated model', `mi-fgsm/full/stranger~imitated-1000-rate-0.01/${mifgsm}`],
    ['a copy of the file', `mi-fgsm/full/copy[queries=10000]/${mifgsm}`],
    ['the way back', `pgd/int8[weights=8,unpaired.smoothness=1e-7]/full/${pgd}`],
  ])('%s', (_, id) => {
    expect(ids).toContain(id);
  });

  test('all of them', () => {
    const models = [...campaign.models.keys()];
    const tried = adaptive.map(({ attacker, cell }) => `${attacker} ${cell.id}`);
    expect([ids, models, tried].map((lines) => lines.length)).toEqual([80, 31, 60]);
    expect([ids, models, tried].map(digestOf)).toEqual([
      '29a8159d488238d64f383bd016b404d302080c1bf10f73e2847756155b8633fd',
      '66c1451e5a94c2783c24bb4838e76460a38de5fab2f29e146adee1f45e1dbcc2',
      '0bff1cf053fcd0bf35f37d59ca567b9bbb01963db6a96793949184036e490bb5',
    ]);
  });
});

describe('a class to reach is part of the identity, and to avoid the label is not', () => {
  const idsWith = (threat: string): readonly string[] => {
    const file = fileWith('  int8: { quantize: { of: full } }', { surrogates: '[int8]' });
    return planCampaign(parsed(file.replace('{ epsilon: 8/255 }', threat), BUILT_IN)).cells.map(
      ({ id }) => id,
    );
  };
  const parameters =
    '{"flipped":false,"randomStart":true,"restarts":1,"stepSize":0.00784313725490196,"steps":10}';

  test.each([
    ['{ epsilon: 8/255 }', 'linf=0.03137254901960784'],
    ['{ epsilon: 8/255, goal: avoid }', 'linf=0.03137254901960784'],
    ['{ epsilon: 8/255, goal: { reach: 3 } }', 'linf=0.03137254901960784>reach=3'],
    ['{ epsilon: 8/255, goal: { reach: least-likely } }', 'linf=0.03137254901960784>reach=least-likely'],
  ])('%s', (threat, part) => {
    expect(idsWith(threat)).toEqual([`pgd/full/int8/${part}/${parameters}`]);
  });
});
