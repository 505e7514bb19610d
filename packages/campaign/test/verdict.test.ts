import { describe, expect, it, test } from 'vitest';
import { buildReport, renderVerdict, selectReport } from '../src/index.js';
import type { DefenceReport } from '../src/index.js';
import { cureVerdict } from '../src/report/verdict/cure.js';
import { exposureLevel } from '../src/report/verdict/exposure.js';
import type { Evidence, PriorEvidence, TransferEvidence } from '../src/report/verdict/types.js';
import { MemoryResults } from './memory-results.js';
import { inputOf, report } from './small-report.js';

const fewer = (value: number, low: number): { value: number; low: number; high: number; bound: null } => ({
  ...{ value, low, high: 2 * value },
  bound: null,
});

/** A search that takes a tenth of the queries, and no less than with a stranger. */
function prior(changes: Partial<PriorEvidence> = {}): PriorEvidence {
  return {
    ...{ attack: 'p-rgf', samples: 200, budget: 1000, medianQueries: 50, medianInterval: null, blind: false },
    without: { attack: 'rgf', medianQueries: 500, fewer: fewer(10, 8) },
    stranger: {
      surrogate: 'other',
      medianQueries: 52,
      fewer: fewer(1.04, 0.9),
      strangerFewer: fewer(9.6, 8),
    },
    ...changes,
  };
}

/** Transfer to so many of a hundred samples, and to as many through a stranger. */
function transfer(hits: number, strangerHits: number | null = hits): TransferEvidence {
  const estimate = (share: number): { value: number; low: number; high: number } => ({
    value: share,
    low: Math.max(0, share - 0.08),
    high: Math.min(1, share + 0.08),
  });
  const ratio = hits / (strangerHits ?? hits);
  return {
    ...{ attack: 'pgd', samples: 100, success: estimate(hits / 100), blind: false },
    stranger:
      strangerHits === null
        ? null
        : {
            surrogate: 'other',
            success: estimate(strangerHits / 100),
            ratio: strangerHits === 0 ? null : { value: ratio, low: ratio - 0.2, high: ratio + 0.2 },
          },
  };
}

function evidence(changes: Partial<Evidence>): Evidence {
  return {
    ...{ target: 'full', surrogate: 'int8', role: 'sibling', accuracy: null, gradientCosine: null },
    ...{ norm: 'linf', epsilon: 4 / 255, transfer: null, prior: null },
    ...changes,
  };
}

describe('the level of a sibling', () => {
  it.each([
    ['given away', 'further than the stranger by transfer', { transfer: transfer(90, 50) }],
    ['given away', 'transfers where nothing of the stranger does', { transfer: transfer(30, 0) }],
    [
      'given away',
      'fewer queries than with the stranger',
      {
        prior: prior({
          stranger: { surrogate: 'o', medianQueries: 99, fewer: fewer(2, 1.5), strangerFewer: null },
        }),
      },
    ],
    ['as a stranger', 'transfer no further', { transfer: transfer(60, 58) }],
    ['as a stranger', 'as few queries', { prior: prior() }],
    ['as a stranger', 'further, but by a trifle', { transfer: transfer(99, 85) }],
    ['helps', 'transfer without a stranger', { transfer: transfer(60, null) }],
    ['helps', 'fewer queries without a stranger', { prior: prior({ stranger: null }) }],
    ['not shown', 'next to no transfer', { transfer: transfer(5, null) }],
    [
      'not shown',
      'as many queries as without',
      {
        prior: prior({ without: { attack: 'rgf', medianQueries: 50, fewer: fewer(1, 0.9) }, stranger: null }),
      },
    ],
    ['unknown', 'nothing measured', {}],
    ['unknown', 'no transfer, but no gradients either', { transfer: { ...transfer(0, null), blind: true } }],
  ] as const)('is "%s": %s', (level, _, changes) => {
    expect(exposureLevel(evidence(changes))).toBe(level);
  });

  it('does not take what is missing gradients for no help where the other attack shows help', () => {
    const blind = { ...transfer(0, null), blind: true };
    expect(exposureLevel(evidence({ transfer: blind, prior: prior({ stranger: null }) }))).toBe('helps');
  });
});

test('a report opens with its verdict, the figures behind it, and what to do next', async () => {
  expect(renderVerdict(await report(), { width: 80 })).toMatchInlineSnapshot(`
    "What does publishing a sibling give an attacker of full who may change each
    pixel by 8/255? Tried on 60 samples of cifar10.

    int8 makes full easier to attack than an unrelated model does.
      With it as prior p-rgf takes a median of 25 queries, rgf without prior 250:
      10× [6.7, 15] fewer; stranger as prior saves none.
      Examples made on it by pgd fool full 75.0 % [30, 95] of the time without a
      query; those made on stranger, 0.0 %.
      Its input gradients have a cosine of 0.30 with those of full.

    Attacks on full at ε 8/255, by what is published
    published   accuracy     fooled, no query  queries         fewer by
    nothing                                        250
    int8               –  75.0 % [30.1, 95.4]       25    10× [6.7, 15]
    (stranger)         –    0.0 % [0.0, 49.0]      300  0.8× [0.2, 6.0]

    Trust it less, for
    - Only 3 of 51 tasks have results: 1 of the others failed or were given up.
    - The gradients of int8 are 0 everywhere on 1 of 4 samples (clean): their cosine
      to those of full counts as 0 there, which says nothing of how alike the models
      are.
    - Some figures are of 4 samples: read their intervals, which are wide.

    Next
    - Let the campaign end: unpair run it again, or unpair retry what failed.
    "
  `);
});

test('a report without rows says that it is not known yet', async () => {
  const { verdict } = await buildReport(inputOf(new MemoryResults()));
  expect(verdict.exposure.map(({ level }) => level)).toEqual(['unknown']);
  expect(verdict.cautions[0]).toBe(
    'Only 3 of 51 tasks have results: 1 of the others failed or were given up.',
  );
  expect(verdict.next).toEqual(['Let the campaign end: unpair run it again, or unpair retry what failed.']);
});

describe('a cure', () => {
  const defence: DefenceReport = {
    ...{ surrogate: 'safe', target: 'full', undefended: 'int8', accuracy: null, exposure: [], adaptive: [] },
    ...{ masking: null, failed: [], untested: [], missing: 0, verdict: 'stands' },
  };
  const before = evidence({ transfer: transfer(90), prior: prior() });
  const after = evidence({
    ...{ surrogate: 'safe', role: 'cure', transfer: transfer(5, 60) },
    prior: prior({ without: { attack: 'rgf', medianQueries: 500, fewer: fewer(1, 0.9) } }),
  });

  it('says what it takes away, and that it stands', () => {
    expect(cureVerdict(defence, [before, after])).toEqual({
      ...{ surrogate: 'safe', target: 'full', level: 'stands' },
      sentences: [
        'safe stands up to what was tried: no attacker of full came further than through a stranger.',
        'Examples made on safe fool full 5.0 % of the time, where those made on int8 do 90.0 %.',
        'As a prior it saves no queries (1.0×), where int8 makes them 10× cheaper.',
      ],
    });
  });

  it('tells the first attackers that break it, and counts the others', () => {
    const failed = ['flipped: a', 'imitation: b', 'ensemble: c', 'momentum: d'];
    const { level, sentences } = cureVerdict({ ...defence, verdict: 'fails', failed }, [after]);
    expect(level).toBe('fails');
    expect(sentences[0]).toBe(
      'safe does not stand up to attackers of full: flipped: a; imitation: b; and 2 more.',
    );
  });

  it.each([
    [0.015, -0.025, 0.06, 'It costs 1.5 points of accuracy [-2.5, 6.0].'],
    [-0.01, -0.055, 0.035, 'It gains 1.0 points of accuracy [-3.5, 5.5].'],
  ])('says what it costs or gains: a drop of %d', (value, low, high, sentence) => {
    const drop = { value, low, high };
    const accuracy = { before: drop, after: drop, drop, samples: 200 };
    const told = cureVerdict({ ...defence, undefended: 'int8', accuracy }, [before, after]);
    expect(told.sentences).toContain(sentence);
  });

  it('is unproven where nobody who knows of it has tried', () => {
    expect(cureVerdict({ ...defence, verdict: null }, []).sentences).toEqual([
      'There is no verdict on safe against attackers of full: nobody who knows of the defence has tried it.',
    ]);
  });
});

describe('a selection of a report', () => {
  it('keeps the tables of what is asked for', async () => {
    const { attacks, similarity, amplification } = selectReport(await report(), {
      ...{ surrogate: 'int8', attack: 'p-rgf', epsilon: 8 / 255 },
    });
    expect(attacks.map(({ attack, surrogate }) => [attack, surrogate])).toEqual([['p-rgf', 'int8']]);
    expect(similarity.map(({ surrogate }) => surrogate)).toEqual(['int8']);
    expect(amplification.every(({ surrogate, attack }) => surrogate === 'int8' && attack === 'p-rgf')).toBe(
      true,
    );
  });

  it('refuses what the report does not have, naming what it has', async () => {
    const full = await report();
    expect(() => selectReport(full, { attack: 'pdg', surrogate: 'int4' })).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        violations: [
          { field: '--surrogate', description: 'is int4, but the report has int8, stranger' },
          { field: '--attack', description: 'is pdg, but the report has pgd, rgf, p-rgf' },
        ],
      }),
    );
  });
});
