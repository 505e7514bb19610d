import type { AttackRow } from '@unpair/attacks';
import type { SimilarityRow } from '@unpair/measurements';
import { describe, expect, test } from 'vitest';
import type { Report } from '../src/index.js';
import { buildReport, planCampaign, renderReport } from '../src/index.js';
import { MemoryResults } from './memory-results.js';
import { parsed, valid, catalogue } from './fixtures.js';
import { attackRow, similarityRow } from './rows.js';
import { cellId, inputOf } from './small-report.js';

const SAMPLES = 40;

/** Rows of 40 samples attacked, with some change on the first so many. */
function attacked(faulty: number, change: Partial<AttackRow>): readonly AttackRow[] {
  const row = { success: false, successRounded: false, surrogateQueries: 10 };
  return Array.from({ length: SAMPLES }, (_, sample) =>
    attackRow(sample, sample < faulty ? { ...row, ...change } : row),
  );
}

const VANISHED = { zeroGradients: 10 };
const INVALID = { invalidGradients: 1 };

/** The report of the valid file where one cell has these rows. */
function attackedThrough(
  attack: string,
  surrogate: string | null,
  rows: readonly AttackRow[],
): Promise<Report> {
  const results = new MemoryResults();
  results.add({ kind: 'attack', cell: cellId(attack, surrogate), rows });
  return buildReport(inputOf(results));
}

describe('an attack through a surrogate without a gradient', () => {
  test('is said to measure nothing, and its counts are in the report', async () => {
    const full = await attackedThrough('pgd', 'int8', attacked(SAMPLES, VANISHED));
    expect(full.attacks).toMatchObject([
      { success: { value: 0 }, gradients: { samples: 40, vanished: 40, invalid: 0 } },
    ]);
    expect(full.warnings).toEqual([
      'The gradients of int8 that pgd went by at ε 8/255 are 0 everywhere on 40 of 40 samples: transfer through it ' +
        'measures nothing there, so that a success rate near 0 % is no evidence of safety.',
    ]);
    const text = renderReport(full, { width: 400 });
    expect(text.indexOf(full.warnings[0] ?? '?')).toBeGreaterThan(0);
    expect(text.indexOf(full.warnings[0] ?? '?')).toBeLessThan(text.indexOf('Transfer\n'));
  });

  test('is said so from a tenth of the samples on', async () => {
    expect((await attackedThrough('pgd', 'int8', attacked(3, VANISHED))).warnings).toEqual([]);
    const { warnings } = await attackedThrough('pgd', 'int8', attacked(4, VANISHED));
    expect(warnings).toEqual([expect.stringContaining(' are 0 everywhere on 4 of 40 samples: ')]);
  });

  test('has a prior that says nothing, where it is one', async () => {
    const { warnings } = await attackedThrough('p-rgf', 'int8', attacked(20, VANISHED));
    expect(warnings).toEqual([
      'The gradients of int8 that p-rgf went by at ε 8/255 are 0 everywhere on 20 of 40 samples: as a prior it says ' +
        'nothing there, so that saving no queries is no evidence of safety.',
    ]);
  });
});

test('any NaN in the gradients of a surrogate is told, with what it may hide', async () => {
  const { warnings, attacks } = await attackedThrough('pgd', 'int8', attacked(1, INVALID));
  expect(attacks).toMatchObject([{ gradients: { samples: 40, vanished: 0, invalid: 1 } }]);
  expect(warnings).toEqual([
    'The gradients of int8 that pgd went by at ε 8/255 have NaN or infinite entries, which count as 0, on 1 of 40 ' +
      'samples: transfer through it is a lower bound there, and no evidence of safety.',
  ]);
  const prior = await attackedThrough('p-rgf', 'int8', attacked(1, INVALID));
  expect(prior.warnings).toEqual([
    expect.stringMatching(/: what it saves as a prior is a lower bound there, and no evidence of safety\.$/),
  ]);
});

test('nothing is said where gradients are as they should be, or there is no surrogate', async () => {
  expect((await attackedThrough('pgd', 'int8', attacked(0, {}))).warnings).toEqual([]);
  const { warnings, attacks } = await attackedThrough('rgf', null, attacked(0, {}));
  expect(attacks).toMatchObject([{ gradients: null }]);
  expect(warnings).toEqual([]);
});

test('of several cells of an attack through one surrogate the worst is told', async () => {
  const file = parsed(valid.replace('8/255', '[4/255, 8/255, 16/255]'));
  const plan = planCampaign(file, catalogue);
  const results = new MemoryResults();
  const cells = plan.cells.filter(
    ({ attack, surrogate, parameters }) =>
      attack === 'pgd' && surrogate?.name === 'int8' && parameters['steps'] === 10,
  );
  const faulty = [5, 30, 10];
  cells.forEach(({ id }, at) => {
    results.add({ kind: 'attack', cell: id, rows: attacked(faulty[at] ?? 0, VANISHED) });
  });
  const { warnings } = await buildReport({ ...inputOf(results), campaign: file, plan });
  expect(cells).toHaveLength(3);
  expect(warnings).toEqual([
    expect.stringMatching(
      /^The gradients of int8 that pgd went by at ε 8\/255 are 0 everywhere on 30 of 40 samples: /,
    ),
  ]);
});

test('of an ensemble, a member without a gradient adds nothing', async () => {
  const file = parsed(valid.replace('[int8, stranger]', '[int8, { ensemble: [int8, stranger] }]'));
  const plan = planCampaign(file, catalogue);
  const cell = plan.cells.find(({ surrogate }) => surrogate?.models.length === 2);
  const results = new MemoryResults();
  results.add({ kind: 'attack', cell: cell?.id ?? '', rows: attacked(SAMPLES, VANISHED) });
  const { warnings } = await buildReport({ ...inputOf(results), campaign: file, plan });
  expect(warnings).toEqual([
    expect.stringMatching(
      /^The gradients of a member of int8\+stranger that .* are 0 everywhere on 40 of 40 samples: what it adds to the others is not measured there\.$/,
    ),
  ]);
});

describe('similarity of models without a gradient', () => {
  const compared = async (
    change: Partial<SimilarityRow>,
    inputs: 'clean' | 'adversarial',
  ): Promise<Report> => {
    const results = new MemoryResults();
    const rows = (other: Partial<SimilarityRow>): readonly SimilarityRow[] =>
      Array.from({ length: SAMPLES }, (_, sample) => similarityRow(sample, other));
    const pair = { kind: 'similarity', surrogate: 'int8', target: 'full' } as const;
    if (inputs !== 'clean') results.add({ ...pair, inputs: 'clean', rows: rows({}) });
    results.add({ ...pair, inputs, rows: rows(change) });
    return buildReport(inputOf(results));
  };

  test('is said to be unknown, on whatever inputs', async () => {
    const full = await compared({ cosine: 0, surrogateNorm: 0 }, 'clean');
    expect(full.similarity[0]?.gradients).toEqual({
      surrogate: { samples: 40, vanished: 40, invalid: 0 },
      target: { samples: 40, vanished: 0, invalid: 0 },
    });
    expect(full.warnings).toEqual([
      'The gradients of int8 are 0 everywhere on 40 of 40 samples (clean): their cosine to those of full counts as 0 ' +
        'there, which says nothing of how alike the models are.',
    ]);
    const { warnings } = await compared({ cosine: 0, targetNorm: 0 }, 'adversarial');
    expect(warnings).toEqual([
      'The gradients of full are 0 everywhere on 40 of 40 samples (adversarial): their cosine to those of int8 counts ' +
        'as 0 there, which says nothing of how alike the models are.',
    ]);
  });

  test('is said to be too small where there is NaN', async () => {
    const { warnings } = await compared({ surrogateInvalid: true }, 'clean');
    expect(warnings).toEqual([
      'The gradients of int8 have NaN or infinite entries, which count as 0, on 40 of 40 samples (clean): the models ' +
        'may be more alike than their cosine to those of full says.',
    ]);
  });
});
