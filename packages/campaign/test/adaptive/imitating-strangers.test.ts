import type { AttackRow } from '@unpair/attacks';
import { describe, expect, test } from 'vitest';
import type { AdaptiveReport } from '../../src/index.js';
import { RESULTS, campaign, costing, defenceOf, fooled, reportOf } from './defend-results.js';
import { defend } from './defend-file.js';

describe('an imitation', () => {
  const imitations = async (
    change: readonly (readonly [string, readonly AttackRow[]])[],
    of = campaign,
  ): Promise<readonly AdaptiveReport[]> => {
    const { adaptive } = defenceOf(await reportOf(of, new Map([...RESULTS, ...change])));
    return adaptive.filter(({ attacker }) => attacker === 'imitation');
  };

  test('fails nothing where a stranger comes as far by as many queries', async () => {
    const cells = new Map(RESULTS).set('mi-fgsm stranger~imitated-10000 → full', fooled(10));
    const { failed, adaptive } = defenceOf(await reportOf(campaign, cells));
    expect(adaptive.find(({ surrogate }) => surrogate === 'int8-unpaired~imitated-10000')).toMatchObject({
      ...{ success: { value: 1 }, beats: false },
      stranger: { surrogate: 'stranger~imitated-10000', success: { value: 1 } },
    });
    expect(failed.filter((sentence) => sentence.startsWith('imitation'))).toEqual([]);
  });

  test('is not held against a stranger that imitates with more or fewer queries', async () => {
    const few = await imitations([['mi-fgsm stranger~imitated-1000 → full', fooled(10)]]);
    expect(few.map(({ stranger, beats }) => [stranger?.surrogate, beats])).toEqual([
      ['stranger~imitated-1000', false],
      ['stranger~imitated-10000', true],
    ]);
    const many = await imitations([
      ['mi-fgsm stranger~imitated-10000 → full', fooled(10)],
      ['mi-fgsm int8-unpaired~imitated-1000 → full', fooled(10)],
    ]);
    expect(many.map(({ stranger, beats }) => [stranger?.surrogate, beats])).toEqual([
      ['stranger', true],
      ['stranger~imitated-10000', false],
    ]);
  });

  test('is held against strangers that imitate at whatever rate', async () => {
    const [, large] = await imitations([['mi-fgsm stranger~imitated-10000-rate-0.01 → full', fooled(10)]]);
    expect(large).toMatchObject({
      ...{ surrogate: 'int8-unpaired~imitated-10000', beats: false },
      stranger: { surrogate: 'stranger~imitated-10000-rate-0.01', success: { value: 1 } },
    });
  });

  test('is held against the stranger as it is where teaching brought that nothing', async () => {
    const [, large] = await imitations([['mi-fgsm stranger → full', fooled(9)]]);
    expect(large).toMatchObject({
      beats: false,
      stranger: { surrogate: 'stranger', success: { value: 0.9 } },
    });
  });

  test('that is a prior is held against imitating strangers that are', async () => {
    const search = 'p-rgf int8-unpaired~imitated-10000 → full';
    const first = await imitations([[search, costing(30)]]);
    expect(first.at(-1)).toMatchObject({
      ...{ attack: 'p-rgf', medianQueries: 30, beats: true },
      stranger: { surrogate: 'stranger', medianQueries: 100 },
    });
    const second = await imitations([
      [search, costing(30)],
      ['p-rgf stranger~imitated-10000 → full', costing(30)],
    ]);
    expect(second.at(-1)).toMatchObject({
      ...{ attack: 'p-rgf', beats: false },
      stranger: { surrogate: 'stranger~imitated-10000', medianQueries: 30, queryRatio: { value: 0.15 } },
    });
  });

  test('is held against what the file teaches strangers, and against no copy of a sibling', async () => {
    const models = `
  tuned: { unpair: { of: full, from: full } }
  int8-unpaired: { quantize: { of: tuned } }
  longer: { imitate: { of: stranger, from: full, epochs: 9 } }
  copy: { imitate: { of: int8, from: full } }
  other: { imitate: { of: stranger, from: int8 } }`;
    const surrogates = '[int8, int8-unpaired, stranger, longer, copy, other]';
    const own = defend({ epsilon: '8/255', samples: 10, models, surrogates, attacks: '[pgd, mi-fgsm]' });
    const rows = [
      ['mi-fgsm copy → full', fooled(10)],
      ['mi-fgsm other → full', fooled(10)],
      ['mi-fgsm longer → full', fooled(8)],
    ] as const;
    const found = await imitations(rows, own);
    expect(found.map(({ stranger }) => stranger?.surrogate)).toEqual(['stranger', 'longer']);
  });

  test('is the only one who is held against imitating strangers', async () => {
    const cells = new Map(RESULTS)
      .set('mi-fgsm int8-unpaired → full', fooled(10))
      .set('mi-fgsm stranger~imitated-10000 → full', fooled(10))
      .set('pgd stranger~imitated-10000 → full', fooled(10))
      .set('p-rgf stranger~imitated-10000 → full', costing(2));
    const { adaptive, exposure } = defenceOf(await reportOf(campaign, cells));
    expect(adaptive.find(({ attacker }) => attacker === 'momentum')).toMatchObject({ beats: true });
    const others = [...exposure, ...adaptive.filter(({ attacker }) => attacker !== 'imitation')];
    expect(others.length).toBeGreaterThan(4);
    expect(new Set(others.map(({ stranger }) => stranger?.surrogate))).toEqual(new Set(['stranger']));
  });
});
