import type { AttackRow } from '@unpair/attacks';
import { describe, expect, test } from 'vitest';
import type { Cell, Report } from '../../src/index.js';
import { renderReport } from '../../src/index.js';
import { attackRow, maskingRow } from '../rows.js';
import { SAMPLES, campaign, defenceOf, everywhere, fooled, reportOf, unmasked } from './defend-results.js';
import { defend } from './defend-file.js';

const BUDGET = 300;

/** Rows of a search that breaks the first `count` samples in `queries` each, and spends its budget on the others. */
const breaking = (count: number, queries = 20): readonly AttackRow[] =>
  SAMPLES.map((sample) =>
    sample < count ? attackRow(sample, { queries }) : attackRow(sample, { success: false, queries: BUDGET }),
  );

/** The same for every attack: searches hardly get anywhere. */
const alike = ({ budget }: Cell): readonly AttackRow[] => (budget > 0 ? breaking(1) : fooled(3));
const ALIKE = everywhere(campaign, alike);

const textOf = (report: Report): string => renderReport(report, { width: 200 });

describe('the verdict on a defence', () => {
  test('is that it stands where every attack of the plan has been held against a stranger', async () => {
    const report = await reportOf(campaign, ALIKE, unmasked);
    expect(defenceOf(report)).toMatchObject({ failed: [], missing: 0, verdict: 'stands' });
    expect(textOf(report)).toContain('int8-unpaired stands up to what was tried: no attacker of full');
  });

  test('is none while an attack or a check has no results', async () => {
    const unchecked = await reportOf(campaign, ALIKE);
    expect(defenceOf(unchecked)).toMatchObject({ failed: [], missing: 1, verdict: null });
    expect(textOf(unchecked)).toContain(
      'There is no verdict on int8-unpaired against attackers of full: one attack or check has no results.',
    );
    const some = new Map([...ALIKE].filter(([key]) => !key.startsWith('di-fgsm int8-unpaired')));
    const untried = await reportOf(campaign, some, unmasked);
    expect(defenceOf(untried)).toMatchObject({ failed: [], missing: 1, verdict: null });
    // Masking alone, as it is measured before the attacks.
    const early = await reportOf(campaign, new Map(), unmasked);
    expect(defenceOf(early).verdict).toBe(null);
    expect(textOf(early)).toMatch(/no verdict on int8-unpaired .*: \d+ attacks and checks have no results\./);
  });

  test('is none without a stranger', async () => {
    const lonely = defend({ epsilon: '8/255', samples: 10, surrogates: '[int8, int8-unpaired]' });
    const report = await reportOf(
      lonely,
      everywhere(lonely, () => fooled(10)),
      unmasked,
    );
    expect(defenceOf(report)).toMatchObject({ failed: [], missing: 0, verdict: null });
    expect(textOf(report)).toContain(': the campaign has no stranger to hold it against.');
  });

  test('is none where nobody who knows of the defence has tried it', async () => {
    const models = '\n  int8-unpaired: { unpair: { of: int8, from: full, adaptive: false } }';
    const naive = defend({ epsilon: '8/255', samples: 10, models });
    const report = await reportOf(naive, everywhere(naive, alike));
    expect(defenceOf(report)).toMatchObject({ adaptive: [], failed: [], missing: 0, verdict: null });
    expect(textOf(report)).toContain(': nobody who knows of the defence has tried it.');
  });

  test('is that it fails, whatever is missing, where something failed', async () => {
    const plain = new Map([
      ['pgd int8-unpaired → full', fooled(10)],
      ['pgd stranger → full', fooled(2)],
    ]);
    expect(defenceOf(await reportOf(campaign, plain)).verdict).toBe('fails');
  });
});

describe('a sibling without gradients', () => {
  /** Those rows, with some change on the first `count` samples. */
  const faulty = (
    rows: readonly AttackRow[],
    count: number,
    change: Partial<AttackRow>,
  ): readonly AttackRow[] =>
    rows.map((row) => ({ ...row, surrogateQueries: 10, ...(row.sample < count ? change : {}) }));

  const reportWith = (rows: Record<string, readonly AttackRow[]>): Promise<Report> =>
    reportOf(campaign, new Map([...ALIKE, ...Object.entries(rows)]), unmasked);

  test('is not said to stand: it was not tested, and why', async () => {
    const report = await reportWith({
      'pgd int8-unpaired → full': faulty(fooled(0), 1, { zeroGradients: 10 }),
      'p-rgf smoothed int8-unpaired → full': faulty(breaking(0), 5, { invalidGradients: 3 }),
    });
    expect(defenceOf(report)).toMatchObject({
      ...{ failed: [], missing: 0, verdict: null },
      untested: [
        'pgd at ε 8/255: the gradients of int8-unpaired are 0 everywhere on 1 of 10 samples',
        'smoothed-prior: p-rgf at ε 8/255: the gradients of int8-unpaired have NaN or infinite entries, which count as 0, on 5 of 10 samples',
      ],
    });
    expect(textOf(report)).toContain(
      'There is no verdict on int8-unpaired against attackers of full: it was not tested, for want of gradients to attack it by:\n' +
        '- pgd at ε 8/255: the gradients of int8-unpaired are 0 everywhere on 1 of 10 samples\n' +
        '- smoothed-prior: p-rgf at',
    );
    expect(textOf(report)).not.toContain('stands up to what was tried');
  });

  test('stands where there is a zero here and there', async () => {
    const rows = faulty(fooled(3), 10, { zeroGradients: 4 });
    const report = await reportWith({ 'pgd int8-unpaired → full': rows });
    expect(defenceOf(report)).toMatchObject({ untested: [], verdict: 'stands' });
  });

  test('fails nevertheless where an attack came further', async () => {
    const report = await reportWith({
      'pgd int8-unpaired → full': faulty(fooled(10), 10, { invalidGradients: 1 }),
    });
    const { failed, untested, verdict } = defenceOf(report);
    expect([failed.length, untested.length, verdict]).toEqual([1, 1, 'fails']);
    expect(textOf(report)).toContain(
      '\n- not tested: pgd at ε 8/255: the gradients of int8-unpaired have NaN',
    );
  });

  test('is not tested by copies of it without gradients either, nor by ensembles with it', async () => {
    const dead = faulty(fooled(0), 10, { zeroGradients: 10 });
    const copy = 'mi-fgsm int8-unpaired~imitated-1000 → full';
    const ensemble = 'pgd int8-unpaired+stranger → full';
    for (const key of [copy, ensemble]) expect(ALIKE.has(key)).toBe(true);
    const { untested, verdict } = defenceOf(await reportWith({ [copy]: dead, [ensemble]: dead }));
    expect(verdict).toBe(null);
    expect(untested).toEqual([
      'ensemble: pgd at ε 8/255: the gradients of a member of int8-unpaired+stranger are 0 everywhere on 10 of 10 samples',
      'imitation: mi-fgsm at ε 8/255: the gradients of int8-unpaired~imitated-1000 are 0 everywhere on 10 of 10 samples',
    ]);
  });

  test('is not told by checks for masked gradients that saw none, though they are passed', async () => {
    const report = await reportOf(campaign, ALIKE, (results) => {
      const rows = SAMPLES.map((sample) => maskingRow(sample, { gradientInvalid: sample === 0 }));
      results.add({ kind: 'masking', model: 'int8-unpaired', rows });
    });
    expect(defenceOf(report)).toMatchObject({
      ...{ failed: [], verdict: null },
      untested: [
        'masking: the gradients of int8-unpaired have NaN or infinite entries, which count as 0, on 1 of 10 samples',
      ],
    });
  });
});

describe('a stranger without gradients', () => {
  const surrogates = '[int8, int8-unpaired, stranger, other]';
  const models = `
  other: { file: other.onnx }
  tuned: { unpair: { of: full, from: full } }
  int8-unpaired: { quantize: { of: tuned } }`;
  const two = defend({ epsilon: '8/255', samples: 10, models, surrogates });
  const blind = (count: number): readonly AttackRow[] =>
    fooled(count).map((row) => ({ ...row, surrogateQueries: 10, zeroGradients: 10 }));

  test('is no bar that a defence could fail at: that attack is untested', async () => {
    const cells = new Map(ALIKE)
      .set('pgd int8-unpaired → full', fooled(6))
      .set('pgd stranger → full', blind(0));
    const report = defenceOf(await reportOf(campaign, cells, unmasked));
    expect(report).toMatchObject({ failed: [], verdict: null });
    expect(report.untested).toEqual([
      'pgd at ε 8/255: it came further, but the gradients of stranger are 0 everywhere on 10 of 10 samples',
      expect.stringMatching(/^ensemble: pgd at ε 8\/255: it came further, but /),
    ]);
    expect(report.exposure[0]).toMatchObject({
      beats: null,
      stranger: { surrogate: 'stranger', gradients: { samples: 10, vanished: 10 } },
    });
  });

  test('is one that a defence can stay below, for with gradients it would only be higher', async () => {
    const cells = new Map(ALIKE).set('pgd stranger → full', blind(4));
    const report = defenceOf(await reportOf(campaign, cells, unmasked));
    expect(report).toMatchObject({ failed: [], untested: [], verdict: 'stands' });
  });

  test('leaves it to the other strangers to let a defence fail', async () => {
    const at = async (others: number): Promise<unknown> => {
      const cells = new Map(everywhere(two, alike))
        .set('pgd int8-unpaired → full', fooled(9))
        .set('pgd stranger → full', blind(2))
        .set('pgd other → full', fooled(others));
      const { exposure } = defenceOf(await reportOf(two, cells, unmasked));
      return [exposure[0]?.stranger?.surrogate, exposure[0]?.beats];
    };
    expect(await at(1)).toEqual(['other', true]);
    expect(await at(9)).toEqual(['other', false]);
  });
});

describe('searches whose budget hides the median', () => {
  const search = 'p-rgf int8-unpaired → full';

  test('are held against each other by successes', async () => {
    const cells = new Map(ALIKE).set(search, breaking(5)).set('p-rgf stranger → full', breaking(0));
    const report = await reportOf(campaign, cells, unmasked);
    expect(defenceOf(report).exposure.at(-1)).toMatchObject({
      ...{ attack: 'p-rgf', beats: true },
      after: { success: { value: 0.5 } },
      stranger: { success: { value: 0 }, medianQueries: BUDGET, censored: true },
    });
    expect(defenceOf(report).failed).toEqual([
      expect.stringMatching(
        /^p-rgf at ε 8\/255 through int8-unpaired fools full on 50\.0 % \[.*\] of samples within 300 queries, against 0\.0 % \[.*\] for stranger$/,
      ),
    ]);
  });

  test('come as far as they succeed: of two strangers, that one is the control', async () => {
    const surrogates = '[int8, int8-unpaired, stranger, other]';
    const models = `
  other: { file: other.onnx }
  tuned: { unpair: { of: full, from: full } }
  int8-unpaired: { quantize: { of: tuned } }`;
    const several = defend({ epsilon: '8/255', samples: 10, models, surrogates });
    const cells = new Map(everywhere(several, alike)).set('p-rgf other → full', breaking(4));
    const { exposure } = defenceOf(await reportOf(several, cells));
    expect(exposure.at(-1)).toMatchObject({ attack: 'p-rgf', stranger: { surrogate: 'other' } });
  });

  test('have no ratio where neither median is known, and a bound where one is', async () => {
    const levelOf = async (own: number, none: number): Promise<unknown> => {
      const cells = new Map(ALIKE).set(search, breaking(own)).set('rgf - → full', breaking(none));
      return defenceOf(await reportOf(campaign, cells)).exposure.at(-1)?.after.queryRatio;
    };
    expect(await levelOf(3, 4)).toBe(null);
    expect(await levelOf(3, 9)).toMatchObject({ value: 15, bound: 'lower' });
    expect(await levelOf(9, 3)).toMatchObject({ value: 1 / 15, bound: 'upper' });
    expect(await levelOf(9, 9)).toMatchObject({ value: 1, bound: null });
  });
});
