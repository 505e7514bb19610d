import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AdaptiveReport } from '../../src/index.js';
import { renderReport } from '../../src/index.js';
import { MemoryResults } from '../memory-results.js';
import { SAMPLES, RESULTS, campaign, costing, defenceOf, fooled, reportOf } from './defend-results.js';
import { maskingRow } from '../rows.js';
import { defend } from './defend-file.js';

/** Accuracy of 9 and 8 of ten, of which they share seven; and what masking checks saw. */
function measurements(results: MemoryResults): void {
  const right = { int8: (sample: number) => sample !== 9, 'int8-unpaired': (sample: number) => sample > 1 };
  for (const [model, isRight] of Object.entries(right)) {
    const rows = SAMPLES.map((sample) => ({ sample, label: 1, predicted: isRight(sample) ? 1 : 0 }));
    results.add({ kind: 'accuracy', model, rows });
  }
  results.add({
    kind: 'masking',
    model: 'int8-unpaired',
    rows: SAMPLES.map((sample) => maskingRow(sample, { gradient: sample > 1, lossRises: sample > 0 })),
  });
}

const report = await reportOf(campaign, RESULTS, measurements);

function tried(attacker: string, change: Partial<AdaptiveReport> = {}): AdaptiveReport {
  const found = defenceOf(report).adaptive.find(
    (entry) =>
      entry.attacker === attacker && (change.surrogate === undefined || entry.surrogate === change.surrogate),
  );
  if (found === undefined) throw new Error(`the report lacks ${attacker}`);
  return found;
}

describe('the entry of a defence', () => {
  test('names what would have been published without it', () => {
    expect(defenceOf(report)).toMatchObject({
      surrogate: 'int8-unpaired',
      target: 'full',
      undefended: 'int8',
    });
  });

  test('has accuracies with the drop over the same samples', () => {
    const { accuracy } = defenceOf(report);
    expect(accuracy).toMatchObject({ before: { value: 0.9 }, after: { value: 0.8 }, samples: 10 });
    expect(accuracy?.drop?.value).toBeCloseTo(0.1, 12);
    // Two are lost and one is won: the interval crosses 0.
    expect(accuracy?.drop?.low).toBeLessThan(0);
    expect(accuracy?.drop?.high).toBeGreaterThan(0.1);
  });

  test('has exposure before and after, the part that is cut, and the stranger’s level', () => {
    const [transfer, queries, ...more] = defenceOf(report).exposure;
    expect(more).toEqual([]);
    expect(transfer).toMatchObject({
      ...{ attack: 'pgd', epsilon: 8 / 255, samples: 10, beats: false },
      before: { success: { value: 0.9 }, queryRatio: null },
      after: { success: { value: 0.3 }, queryRatio: null },
      stranger: { surrogate: 'stranger', success: { value: 0.6 } },
    });
    expect(transfer?.cut?.value).toBeCloseTo(2 / 3, 12);
    expect(transfer?.cut?.low).toBeGreaterThan(0.2);
    expect(queries).toMatchObject({
      ...{ attack: 'p-rgf', beats: false, cut: null },
      before: { queryRatio: { value: 0.05, bound: null } },
      after: { queryRatio: { value: 0.95, low: 0.95, high: 0.95 } },
      stranger: { queryRatio: { value: 0.5 } },
    });
  });

  test('has adaptive attackers next to the stranger, and whether they come further', () => {
    expect(tried('flipped')).toMatchObject({
      success: { value: 0.5 },
      stranger: { success: { value: 0.6 } },
      beats: false,
    });
    expect(tried('imitation', { surrogate: 'int8-unpaired~imitated-1000' })).toMatchObject({
      ...{ attack: 'mi-fgsm', success: { value: 0.6 }, beats: false, imitationQueries: null },
      stranger: { surrogate: 'stranger', success: { value: 0.4 } },
    });
    expect(tried('imitation', { surrogate: 'int8-unpaired~imitated-10000' })).toMatchObject({
      ...{ success: { value: 1 }, beats: true, imitationQueries: 9999 },
      // The stranger that imitates as much comes further than the one that was not.
      stranger: { surrogate: 'stranger~imitated-10000', success: { value: 0.6 } },
    });
    expect(tried('smoothed-prior')).toMatchObject({ queryRatio: { value: 0.1 }, beats: true });
    // What is made on the target is held against what fools the stranger.
    expect(tried('from-target')).toMatchObject({
      ...{ surrogate: 'full', target: 'int8-unpaired', success: { value: 1 }, beats: true },
      stranger: { surrogate: 'stranger', success: { value: 0.2 } },
    });
  });

  test('has masking checks with their bounds', () => {
    expect(defenceOf(report).masking).toEqual({
      unboundedAttack: { passed: true, value: 1, bound: 1, samples: 10 },
      randomSearchOnly: { passed: false, value: 0.2, bound: 0.05, samples: 10 },
      lossRises: { passed: true, value: 0.9, bound: 0.9, samples: 10 },
      gradients: { samples: 10, vanished: 0, invalid: 0 },
    });
  });

  test('says in a sentence with the figure what it does not stand up to', () => {
    expect(defenceOf(report).failed).toEqual([
      'smoothed-prior: p-rgf at ε 8/255 through int8-unpaired takes 20 queries in the median, against 100 through stranger (10.0 % of those without prior, against 50.0 %)',
      'imitation after 9,999 queries: mi-fgsm at ε 8/255 through int8-unpaired~imitated-10000 fools full on 100.0 % [72.2, 100.0] of samples, against 60.0 % [31.3, 83.2] for stranger~imitated-10000',
      'from-target: pgd at ε 8/255 through full fools int8-unpaired on 100.0 % [72.2, 100.0] of samples, against 20.0 % [5.7, 51.0] for stranger: the gradients of int8-unpaired hide what it shares with full',
      'masking: random search alone breaks 20.0 % of samples, where it must be at most 5.0 %',
    ]);
  });
});

describe('a defence that is not undone', () => {
  test('fails nothing where every attacker stays at the stranger’s level', async () => {
    const equal = new Map(
      [...RESULTS.keys()].map((key) => [key, key.includes('rgf') ? costing(100) : fooled(6)]),
    );
    const { failed, adaptive } = defenceOf(await reportOf(campaign, equal));
    expect(failed).toEqual([]);
    expect(adaptive.every(({ beats }) => beats === false)).toBe(true);
  });

  test('fails by a plain attack of the file as well, once', async () => {
    const plain = new Map(RESULTS)
      .set('pgd int8-unpaired → full', fooled(10))
      .set('pgd stranger → full', fooled(4));
    const alone = new Map([...plain].filter(([key]) => /^pgd (int8|stranger)\S* → full/.test(key)));
    expect(defenceOf(await reportOf(campaign, alone)).failed).toEqual([
      'pgd at ε 8/255 through int8-unpaired fools full on 100.0 % [72.2, 100.0] of samples, against 40.0 % [16.8, 68.7] for stranger',
    ]);
  });

  test('fails by fewer queries where no search without prior tells what part that is', async () => {
    const attacks = '[{ p-rgf: { budget: 300 } }]';
    const without = defend({ epsilon: '8/255', samples: 10, attacks });
    const defence = defenceOf(await reportOf(without, RESULTS));
    expect(defence.exposure).toMatchObject([
      { after: { medianQueries: 190, queryRatio: null }, beats: false },
    ]);
    expect(defence.failed[0]).toBe(
      'smoothed-prior: p-rgf at ε 8/255 through int8-unpaired takes 20 queries in the median, against 100 through stranger',
    );
    expect(renderReport(await reportOf(without, RESULTS), { width: 160 })).toContain('190 queries');
  });

  test('is held against nobody where there is no stranger', async () => {
    const lonely = defend({ epsilon: '8/255', samples: 10, surrogates: '[int8, int8-unpaired]' });
    const { adaptive, exposure, failed } = defenceOf(await reportOf(lonely, RESULTS));
    expect(failed).toEqual([]);
    expect(
      [...adaptive, ...exposure].every(({ beats, stranger }) => beats === null && stranger === null),
    ).toBe(true);
  });

  test('beats the strongest of several strangers, or none', async () => {
    const models = `
  other: { file: other.onnx }
  tuned: { unpair: { of: full, from: full } }
  int8-unpaired: { quantize: { of: tuned } }`;
    const surrogates = '[int8, int8-unpaired, stranger, other]';
    const several = defend({ epsilon: '8/255', samples: 10, models, surrogates });
    const cells = new Map(RESULTS).set('mi-fgsm other → full', fooled(10));
    const { adaptive } = defenceOf(await reportOf(several, cells));
    expect(adaptive.find(({ surrogate }) => surrogate === 'int8-unpaired~imitated-10000')).toMatchObject({
      ...{ beats: false, stranger: { surrogate: 'other', success: { value: 1 } } },
    });
  });
});

test('without the counterpart there is no before, and without rows there is no entry of an attack', async () => {
  const models = '\n  int4-unpaired: { unpair: { of: small, from: full } }\n  small: { prune: { of: full } }';
  const alone = defend({ epsilon: '8/255', samples: 10, models, surrogates: '[int4-unpaired, stranger]' });
  const cells = new Map([['pgd int4-unpaired → full', fooled(3)]]);
  const defence = defenceOf(await reportOf(alone, cells));
  expect(defence).toMatchObject({ undefended: 'small', accuracy: null, masking: null, adaptive: [] });
  expect(defence.exposure).toMatchObject([{ attack: 'pgd', before: null, cut: null }]);
});

test('the counterpart is the model that is made alike, step by step', () => {
  const models = `
  int4: { quantize: { of: full, weights: 4 } }
  tuned: { unpair: { of: full, from: full } }
  int8-unpaired: { quantize: { of: tuned, weights: 4 } }`;
  const found = async (text: string): Promise<string | null> =>
    defenceOf(await reportOf(defend({ models: text, epsilon: '8/255' }), new Map())).undefended;
  return Promise.all([
    expect(found(models)).resolves.toBe('int4'),
    expect(found(models.replace('tuned, weights: 4', 'tuned, weights: 5'))).resolves.toBe(null),
    // Rounded first and unpaired then.
    expect(found('\n  int8-unpaired: { unpair: { of: int8, from: full } }')).resolves.toBe('int8'),
  ]);
});

describe('the trade-off', () => {
  test('has accuracy, mean transfer and query ratio of every surrogate of the file', () => {
    expect(report.tradeOff).toMatchObject([
      { surrogate: 'int8', defended: false, accuracy: { value: 0.9 }, exposure: [{ transfer: 0.9 }] },
      { surrogate: 'int8-unpaired', defended: true, accuracy: { value: 0.8 }, exposure: [{ transfer: 0.3 }] },
      {
        surrogate: 'stranger',
        target: 'full',
        accuracy: null,
        exposure: [{ epsilon: 8 / 255, transfer: 0.6 }],
      },
    ]);
    const ratios = report.tradeOff.map(({ exposure }) => exposure[0]?.queryRatio);
    expect(ratios[0]).toBeCloseTo(0.05, 12);
    expect(ratios[1]).toBeCloseTo(0.95, 12);
    expect(ratios[2]).toBeCloseTo(0.5, 12);
  });
});

test('adaptive cells are in attacks[], and in neither amplification nor explanation', () => {
  const added = report.attacks.filter(({ adaptive }) => adaptive);
  expect(added.map(({ surrogate }) => surrogate)).toContain('int8-unpaired~imitated-10000');
  expect(report.amplification.map(({ attack, surrogate }) => `${attack} ${surrogate}`)).toEqual([
    ...['pgd int8', 'pgd int8-unpaired', 'p-rgf int8', 'p-rgf int8'],
    ...['p-rgf int8-unpaired', 'p-rgf int8-unpaired', 'p-rgf stranger'],
  ]);
  expect(new Set(report.explanation.map(({ attack }) => attack))).toEqual(new Set(['pgd', 'p-rgf']));
});

test('masking rows enter the digest of the results, in any order', async () => {
  const plain = await reportOf(campaign, RESULTS);
  expect(report.integrity.resultsDigest).not.toBe(plain.integrity.resultsDigest);
  const again = await reportOf(campaign, RESULTS, measurements);
  expect(again).toEqual(report);
});

test('whatever comes out of attacks, every number lies within its interval and in its range', async () => {
  const counts = fc.array(fc.integer({ min: 0, max: 10 }), {
    minLength: RESULTS.size,
    maxLength: RESULTS.size,
  });
  await fc.assert(
    fc.asyncProperty(counts, async (numbers) => {
      const cells = new Map([...RESULTS.keys()].map((key, at) => [key, fooled(numbers[at] ?? 0)]));
      const { exposure, adaptive, failed } = defenceOf(await reportOf(campaign, cells));
      for (const { cut } of exposure) {
        if (cut === null) continue;
        expect(cut.value).toBeLessThanOrEqual(1);
        expect(cut.low).toBeLessThanOrEqual(cut.value);
        expect(cut.high).toBeGreaterThanOrEqual(cut.value);
      }
      for (const { beats, success, stranger, queryRatio } of adaptive) {
        const [own, theirs] = [success?.value ?? 0, stranger?.success?.value ?? 0];
        if (beats === true && queryRatio === null) expect(own).toBeGreaterThan(theirs);
      }
      const beating = [...exposure, ...adaptive].filter(({ beats }) => beats === true).length;
      expect(failed.length).toBeLessThanOrEqual(beating);
      expect(failed.length === 0).toBe(beating === 0);
    }),
    { numRuns: 8 },
  );
});

test('the terminal shows the defence, its attackers and the verdict', () => {
  const text = renderReport(report, { width: 160 });
  expect(text).toMatchInlineSnapshot(`
    "Models
    model                                   made by                   weights  MACs  size             accuracy   n
    full                                    file                            –     –     –                    –   –
    stranger                                file                            –     –     –                    –   –
    int8                                    quantize of full                –     –     –  90.0 % [59.6, 98.2]  10
    tuned                                   unpair of full                  –     –     –                    –   –
    int8-unpaired                           quantize of tuned               –     –     –  80.0 % [49.0, 94.3]  10
    int8-unpaired~imitated-1000             imitate of int8-unpaired        –     –     –                    –   –
    int8-unpaired~imitated-1000-rate-0.01   imitate of int8-unpaired        –     –     –                    –   –
    int8-unpaired~imitated-10000            imitate of int8-unpaired        –     –     –                    –   –
    int8-unpaired~imitated-10000-rate-0.01  imitate of int8-unpaired        –     –     –                    –   –
    stranger~imitated-1000                  imitate of stranger             –     –     –                    –   –
    stranger~imitated-1000-rate-0.01        imitate of stranger             –     –     –                    –   –
    stranger~imitated-10000                 imitate of stranger             –     –     –                    –   –
    stranger~imitated-10000-rate-0.01       imitate of stranger             –     –     –                    –   –

    Transfer
    attack      ε  surrogate                  success  where both are right    8-bit   n
    pgd     8/255  int8           90.0 % [59.6, 98.2]   90.0 % [59.6, 98.2]  100.0 %  10
    pgd     8/255  int8-unpaired  30.0 % [10.8, 60.3]   30.0 % [10.8, 60.3]  100.0 %  10
    pgd     8/255  stranger       60.0 % [31.3, 83.2]   60.0 % [31.3, 83.2]  100.0 %  10

    Queries to the target
    attack      ε  surrogate                    success          median   median of all  mean  p90  budget   n
    rgf     8/255  –              100.0 % [72.2, 100.0]  200 [200, 200]  200 [200, 200]   200  200     300  10
    p-rgf   8/255  int8           100.0 % [72.2, 100.0]     10 [10, 10]     10 [10, 10]    10   10     300  10
    p-rgf   8/255  int8-unpaired  100.0 % [72.2, 100.0]  190 [190, 190]  190 [190, 190]   190  190     300  10
    p-rgf   8/255  stranger       100.0 % [72.2, 100.0]  100 [100, 100]  100 [100, 100]   100  100     300  10

    Amplification
    attack      ε  surrogate      compared with    fewer queries   more successes   n
    pgd     8/255  int8           stranger                     –  1.5× [1.1, 3.0]  10
    pgd     8/255  int8-unpaired  stranger                     –  0.5× [0.1, 0.9]  10
    p-rgf   8/255  int8           rgf, no prior     20× [20, 20]  1.0× [1.0, 1.0]  10
    p-rgf   8/255  int8           stranger          10× [10, 10]  1.0× [1.0, 1.0]  10
    p-rgf   8/255  int8-unpaired  rgf, no prior  1.1× [1.1, 1.1]  1.0× [1.0, 1.0]  10
    p-rgf   8/255  int8-unpaired  stranger       0.5× [0.5, 0.5]  1.0× [1.0, 1.0]  10
    p-rgf   8/255  stranger       rgf, no prior  2.0× [2.0, 2.0]  1.0× [1.0, 1.0]  10

    Defence: accuracy
    unpaired       instead of      accuracy before                after                  drop   n
    int8-unpaired  int8        90.0 % [59.6, 98.2]  80.0 % [49.0, 94.3]  10.0 % [-30.0, 40.0]  10

    Defence: exposure
    unpaired       attack      ε            before                after                   cut           stranger   n
    int8-unpaired  pgd     8/255            90.0 %  30.0 % [10.8, 60.3]  66.7 % [30.0, 100.0]             60.0 %  10
    int8-unpaired  p-rgf   8/255  5.0 % of queries    95.0 % of queries                     –  50.0 % of queries  10

    Adaptive attackers
    unpaired       attacker        attack       ε  through          asked                 result           stranger            n
    int8-unpaired  flipped         pgd      8/255                            50.0 % [23.7, 76.3]             60.0 %           10
    int8-unpaired  smoothed-prior  p-rgf    8/255                              10.0 % of queries  50.0 % of queries  further  10
    int8-unpaired  imitation       mi-fgsm  8/255  ~imitated-1000            60.0 % [31.3, 83.2]             40.0 %           10
    int8-unpaired  imitation       mi-fgsm  8/255  ~imitated-10000  9,999  100.0 % [72.2, 100.0]             60.0 %  further  10
    int8-unpaired  from-target     pgd      8/255  full                    100.0 % [72.2, 100.0]             20.0 %  further  10

    int8-unpaired does not stand up to attackers of full (15 attacks and checks have no results):
    - smoothed-prior: p-rgf at ε 8/255 through int8-unpaired takes 20 queries in the median, against 100 through stranger (10.0 % of those without prior, against
      50.0 %)
    - imitation after 9,999 queries: mi-fgsm at ε 8/255 through int8-unpaired~imitated-10000 fools full on 100.0 % [72.2, 100.0] of samples, against 60.0 % [31.3,
      83.2] for stranger~imitated-10000
    - from-target: pgd at ε 8/255 through full fools int8-unpaired on 100.0 % [72.2, 100.0] of samples, against 20.0 % [5.7, 51.0] for stranger: the gradients of
      int8-unpaired hide what it shares with full
    - masking: random search alone breaks 20.0 % of samples, where it must be at most 5.0 %

    "of queries": median queries with the surrogate as prior, of those without prior. "further": than the same attack through the stranger where it comes furthest,
    by more than the interval of their difference. Imitations are held against strangers that imitate with as many queries as well.

    Intervals are 95 %. Success is over the n samples that the target classifies correctly; median, mean and p90 are over successes; "median of all" and "fewer
    queries" set failures to the budget, ≥ or ≤ where one of the medians is it.

    0 of 80 tasks, 0 dead letters, 0 cancelled; seed 3
    results 7c504f3a1c361f2b66fa4ad10a817a27ab4a1dff9f8d82775929820cd5b0a34e
    "
  `);
});
