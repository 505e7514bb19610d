import { describe, expect, test } from 'vitest';
import type { AmplificationReport, AttackReport, ExplanationReport, SimilarityReport } from '../src/index.js';
import { buildReport, planCampaign, renderReport } from '../src/index.js';
import { MemoryResults } from './memory-results.js';
import type { Explained } from '../src/report/explanation.js';
import { explainPoint, explanations } from '../src/report/explanation.js';
import { parsed, valid, catalogue } from './fixtures.js';
import { similarityRow } from './rows.js';
import { inputOf, report, reportRows, rows } from './small-report.js';

const full = await report();
const [similarity] = full.similarity;
const pgd = full.attacks.find(({ attack }) => attack === 'pgd');
const pRgf = full.attacks.find(({ attack }) => attack === 'p-rgf');
const saving = full.amplification.find(({ baseline }) => baseline === 'none');

/** A pair of models with what the explanation depends on. */
interface Sketch {
  readonly cosine: number;
  readonly norm: number;
  readonly success?: number;
  readonly queryRatio?: number;
}

/** The parts of a report in which pairs of models differ as sketched. */
function sketched(sketches: readonly Sketch[]): Explained {
  if (similarity === undefined || pgd === undefined || pRgf === undefined || saving === undefined)
    throw new Error('the small report has all of them');
  const parts = sketches.map(({ cosine, norm, success = 0.5, queryRatio = 1 }, at) => {
    const surrogate = `s${at}`;
    const ratio = { value: queryRatio, low: queryRatio, high: queryRatio, bound: null };
    const { gradientCosine, gradientNorm } = similarity;
    return {
      similarity: {
        ...similarity,
        surrogate,
        gradientCosine: { ...gradientCosine, mean: cosine },
        gradientNorm: { ...gradientNorm, surrogate: { value: norm, low: norm, high: norm } },
      },
      transfer: { ...pgd, surrogate, success: { value: success, low: 0, high: 1 } },
      queried: { ...pRgf, surrogate },
      amplification: { ...saving, surrogate, queryRatio: ratio },
    };
  });
  return {
    similarity: parts.map((part): SimilarityReport => part.similarity),
    attacks: parts.flatMap((part): AttackReport[] => [part.transfer, part.queried]),
    amplification: parts.map((part): AmplificationReport => part.amplification),
  };
}

const drawing = {
  seed: 7,
  explainOne: (point: Parameters<typeof explainPoint>[0]) => Promise.resolve(explainPoint(point)),
};

async function explain(
  sketches: readonly Sketch[],
  outcome: ExplanationReport['outcome'],
): Promise<ExplanationReport> {
  const found = (await explanations(sketched(sketches), drawing)).find((entry) => entry.outcome === outcome);
  if (found === undefined) throw new Error(`no explanation of ${outcome}`);
  return found;
}

function measure(
  explanation: ExplanationReport,
  name: string,
): NonNullable<ExplanationReport['measures']>[number] {
  const found = explanation.measures?.find((entry) => entry.measure === name);
  if (found === undefined) throw new Error(`no measure ${name}`);
  return found;
}

/** Cosines in equal steps, and norms of 1 and 10 that have nothing to do with them. */
const NORMS = [1, 10, 10, 1, 1, 10, 10, 1];
const pairs = NORMS.map((norm, at) => ({ cosine: (at + 1) / 10, norm }));

describe('what explains transfer', () => {
  test('success that follows the cosine is put down to it, and to nothing else', async () => {
    const explanation = await explain(
      pairs.map((pair) => ({ ...pair, success: pair.cosine ** 2 })),
      'success',
    );
    expect(explanation).toMatchObject({ attack: 'pgd', pairs: 8, pairsNeeded: 5, pairsNeededJoint: 8 });
    const cosine = measure(explanation, 'gradientCosine.mean');
    // Of 8! = 40,320 orders two are as extreme: besides the observed one, hardly any of 9,999 draws.
    expect(cosine).toMatchObject({ pairs: 8, spearman: { rho: 1 } });
    expect(cosine.spearman?.low).toBeCloseTo(1, 10);
    expect(cosine.spearman?.pValue).toBeLessThanOrEqual(4e-4);
    // The squared correlation of k and k², k = 1 … 8: (Σkk² − 8·4.5·25.5)² / (42 · 3570) = 378² / 149,940.
    expect(cosine.rSquared).toBeCloseTo(81 / 85, 10);
    const smoothness = measure(explanation, 'log10 gradientNorm.surrogate');
    expect(Math.abs(smoothness.spearman?.rho ?? 1)).toBeLessThan(0.3);
    const [ofCosine, ofSmoothness] = explanation.joint?.effects ?? [];
    expect(ofCosine).toMatchObject({ measure: 'gradientCosine.mean' });
    expect(ofCosine?.value).toBeGreaterThan(0.9);
    expect(ofCosine?.low).toBeGreaterThan(0.5);
    expect(Math.abs(ofSmoothness?.value ?? 1)).toBeLessThan(0.3);
    expect(explanation.joint?.rSquared).toBeGreaterThan(cosine.rSquared ?? 1);
  });

  test('both effects come out where both act, in units of standard deviations', async () => {
    const explanation = await explain(
      pairs.map((pair) => ({ ...pair, success: 0.5 * pair.cosine - 0.1 * Math.log10(pair.norm) })),
      'success',
    );
    // sd(cosine) = √5.25/10, sd(log norm) = 1/2, uncorrelated: the outcome's is √(0.25·0.0525 + 0.01·0.25).
    const spread = Math.sqrt(0.25 * 0.0525 + 0.01 * 0.25);
    const [ofCosine, ofSmoothness] = explanation.joint?.effects ?? [];
    expect(ofCosine?.value).toBeCloseTo((0.5 * Math.sqrt(0.0525)) / spread, 10);
    expect(ofSmoothness?.value).toBeCloseTo((-0.1 * 0.5) / spread, 10);
    expect(explanation.joint?.rSquared).toBeCloseTo(1, 10);
  });

  test('of query attacks it is the logarithm of the queries saved', async () => {
    const explanation = await explain(
      pairs.map((pair) => ({ ...pair, queryRatio: 10 ** (2 * pair.cosine) })),
      'log10 queryRatio',
    );
    expect(explanation.attack).toBe('p-rgf');
    expect(measure(explanation, 'gradientCosine.mean').rSquared).toBeCloseTo(1, 10);
  });

  test('a measure that does not vary explains nothing', async () => {
    const explanation = await explain(
      pairs.map((pair) => ({ ...pair, success: pair.cosine })),
      'success',
    );
    expect(measure(explanation, 'agreement')).toMatchObject({ pairs: 8, spearman: null, rSquared: null });
  });

  test('too few pairs explain nothing, and the report says how many are needed', async () => {
    const four = await explain(pairs.slice(0, 4), 'success');
    expect(four).toMatchObject({ pairs: 4, pairsNeeded: 5, measures: null, joint: null });
    const seven = await explain(
      pairs.slice(0, 7).map((pair) => ({ ...pair, success: pair.cosine })),
      'success',
    );
    expect(seven.measures).not.toBeNull();
    expect(seven.joint).toBeNull();
  });

  test('a pair without what a measure needs is left out of that measure alone', async () => {
    const parts = sketched(pairs.map((pair) => ({ ...pair, success: pair.cosine })));
    const partly = parts.similarity.map((pair, at) => (at < 2 ? { ...pair, linearCka: null } : pair));
    const [explanation] = await explanations({ ...parts, similarity: partly }, drawing);
    const counts = explanation?.measures?.map(({ measure: name, pairs: count }) => [name, count]);
    expect(counts).toContainEqual(['linearCka', 6]);
    expect(counts).toContainEqual(['agreement', 8]);
  });
});

test('a model with itself, or in an ensemble, is no pair', async () => {
  const campaign = parsed(valid.replace('[int8, stranger]', '[full, { ensemble: [int8, full] }, int8]'));
  const plan = planCampaign(campaign, catalogue);
  const results = new MemoryResults();
  for (const { name: surrogate } of campaign.surrogates) {
    const group = { kind: 'similarity', surrogate, target: 'full', inputs: 'clean' } as const;
    results.add({ ...group, rows: [similarityRow(0, {})] });
  }
  for (const { id } of plan.cells) results.add({ kind: 'attack', cell: id, rows: rows(1, 2, 3) });
  const { similarity: all, explanation } = await buildReport({ ...inputOf(results), campaign, plan });
  expect(all).toHaveLength(3);
  expect(new Set(explanation.map(({ pairs: count }) => count))).toEqual(new Set([1]));
});

test('a report explains each attack that has surrogates, and does so the same in every run', async () => {
  expect(full.explanation.map(({ attack, outcome, pairs: count }) => [attack, outcome, count])).toEqual([
    ['pgd', 'success', 1],
    ['p-rgf', 'log10 queryRatio', 1],
  ]);
  expect(await buildReport(inputOf(reportRows()))).toEqual(full);
});

test('the terminal shows the measures that go best with an attack’s outcomes', async () => {
  const parts = sketched(pairs.map((pair) => ({ ...pair, success: pair.cosine })));
  const explanation = await explanations(parts, drawing);
  const text = renderReport({ ...full, explanation }, { width: 120 });
  const lines = text.split('\n');
  const [, header, best] = lines.slice(lines.indexOf('What goes with success'));
  expect(header).toMatch(/^attack .*Spearman’s ρ +p +R² +pairs$/);
  expect(best).toMatch(
    /^pgd +8\/255 +success +gradientCosine\.mean +1\.000 \[1\.000, 1\.000\] +0\.000 +1\.000 +8$/,
  );
});
