import { describe, expect, test } from 'vitest';
import type { Report } from '../src/index.js';
import { buildReport } from '../src/index.js';
import { MemoryResults } from './memory-results.js';
import { cellId, inputOf, plan, report, reportRows, rows, targetedReport } from './small-report.js';

function attackOf(full: Report, attack: string, surrogate: string | null): Report['attacks'][number] {
  const found = full.attacks.find((entry) => entry.attack === attack && entry.surrogate === surrogate);
  if (found === undefined) throw new Error(`the report lacks ${attack} with ${String(surrogate)}`);
  return found;
}

describe('a report', () => {
  test('has accuracies with Wilson intervals', async () => {
    const { models } = await report();
    expect(models[0]).toMatchObject({
      id: 'full',
      of: null,
      kind: 'file',
      digest: 'abc',
      parameters: 270_000,
      nonZero: 269_000,
      macs: 40_000_000,
    });
    // 8 of 10: (0.8 + z²/20 ± z·√(0.8·0.2/10 + z²/400)) / (1 + z²/10), z = 1.96.
    expect(models[0]?.accuracy?.value).toBe(0.8);
    expect(models[0]?.accuracy?.samples).toBe(10);
    expect(models[0]?.accuracy?.low).toBeCloseTo(0.49016, 4);
    expect(models[0]?.accuracy?.high).toBeCloseTo(0.94332, 4);
    expect(models[1]).toEqual({
      id: 'int8',
      of: 'full',
      kind: 'quantize',
      digest: null,
      parameters: null,
      bytes: null,
      nonZero: null,
      macs: null,
      queries: null,
      accuracy: null,
      agreement: null,
      failure: null,
      nearChance: null,
      source: null,
      training: null,
    });
    expect(models[0]?.source).toEqual({ file: 'full.onnx', format: 'tflite', digest: 'def', options: {} });
  });

  test('has similarities, in which a zero gradient is unlike any other', async () => {
    const { similarity } = await report();
    expect(similarity).toHaveLength(1);
    expect(similarity[0]).toMatchObject({ surrogate: 'int8', target: 'full', samples: 4, agreement: 0.75 });
    const { mean, meanAbsolute, low, high } = similarity[0]?.gradientCosine ?? {
      mean: 0,
      meanAbsolute: 0,
      low: 0,
      high: 0,
    };
    expect(mean).toBeCloseTo((0.9 - 0.3 + 0.6) / 4, 12);
    expect(meanAbsolute).toBeCloseTo((0.9 + 0.3 + 0.6) / 4, 12);
    expect(low).toBeLessThan(mean);
    expect(high).toBeGreaterThan(mean);
    // Cube root of 2 · 8 · 0.5.
    expect(similarity[0]?.gradientNormRatio).toBeCloseTo(2, 12);
  });

  test('has every measure of similarity within its interval, and apart for perturbed inputs', async () => {
    const [pair] = (await report()).similarity;
    if (pair === undefined) throw new Error('the report has a pair');
    expect(pair.klDivergence.value).toBeCloseTo((0.25 * 3 + 0.65) / 4, 12);
    expect(pair.logitCorrelation).toEqual({ value: 0.75, low: 0.75, high: 0.75 });
    expect(pair.gradientNorm.surrogate.value).toBe((2 + 8 + 0.5) / 4);
    expect(pair.curvature).toMatchObject({ surrogate: { value: 2 }, target: { value: 4 } });
    // (3 + 3) / √((5 + 4) · (2 + 2)).
    expect(pair.linearCka?.value).toBeCloseTo(1, 12);
    expect(pair.noised).toBeNull();
    expect(pair.adversarial).toMatchObject({ samples: 2, gradientCosine: { mean: -0.3, meanAbsolute: 0.3 } });
    const { meanAbsolute, meanAbsoluteInterval } = pair.gradientCosine;
    for (const { value, low, high } of [
      pair.klDivergence,
      pair.gradientNorm.surrogate,
      { value: meanAbsolute, ...meanAbsoluteInterval },
      { value: pair.gradientNormRatio ?? 0, ...(pair.gradientNormRatioInterval ?? { low: 9, high: 0 }) },
    ]) {
      expect(low).toBeLessThan(value);
      expect(high).toBeGreaterThan(value);
    }
  });

  test('has success rates over what the target, and over what both, get right', async () => {
    const rgf = attackOf(await report(), 'rgf', null);
    expect(rgf).toMatchObject({ samples: 4, evaluated: 5, success: { value: 0.75 }, successBoth: null });
    expect(rgf.successRounded?.value).toBe(0.5);
    const pgd = attackOf(await report(), 'pgd', 'int8');
    expect(pgd.success?.value).toBe(0.75);
    expect(pgd.successBoth).toMatchObject({ value: 2 / 3, samples: 3 });
    expect(pgd.queries).toBeNull();
    expect(pgd.surrogateQueries).toBe((0 + 2 + 4 + 6) / 4);
    expect(pgd.distortion?.l2).toBeCloseTo((0 + 1 + 3) / 3, 12);
  });

  test('has the class to reach, and rates over the samples that are to reach it', async () => {
    const { attacks, accounting } = await targetedReport();
    expect(attacks).toMatchObject([{ attack: 'rgf', goal: { reach: 3 }, evaluated: 3, samples: 2 }]);
    expect(attacks[0]?.success).toMatchObject({ value: 0.5 });
    expect(attacks[0]?.cell).toContain('>reach=3/');
    expect(accounting).toContain('samples that have it for a label are left out');
    expect((await report()).attacks.map(({ goal }) => goal)).toEqual(Array(5).fill(null));
  });

  test('has query statistics over successes, and the median with failures at the budget', async () => {
    const { queries } = attackOf(await report(), 'rgf', null);
    expect(queries).toMatchObject({ budget: 500, mean: 200, median: 200, medianAll: 250, p90: 280 });
    expect(queries?.medianInterval?.low).toBeGreaterThanOrEqual(100);
    expect(queries?.medianInterval?.high).toBeLessThanOrEqual(300);
    expect(queries?.cdf.map((point) => point.queries)).toEqual([1, 2, 5, 10, 20, 50, 100, 200, 500]);
    expect(queries?.cdf.slice(-3)).toEqual([
      { queries: 100, ofSuccesses: 1 / 3, ofSamples: 1 / 4 },
      { queries: 200, ofSuccesses: 2 / 3, ofSamples: 2 / 4 },
      { queries: 500, ofSuccesses: 1, ofSamples: 3 / 4 },
    ]);
  });

  test('has nulls, not inventions, where no attack succeeded', async () => {
    const pgd = attackOf(await report(), 'pgd', 'stranger');
    expect(pgd.success).toMatchObject({ value: 0, low: 0 });
    expect(pgd.distortion).toBeNull();
  });

  test('says what the surrogate adds over no prior and over a stranger', async () => {
    const { amplification } = await report();
    const lines = amplification.map(
      ({ attack, surrogate, baseline, baselineSurrogate, queryRatio, successRatio }) => [
        attack,
        surrogate,
        baseline,
        baselineSurrogate,
        queryRatio?.value ?? null,
        successRatio?.value ?? null,
      ],
    );
    expect(lines).toEqual([
      // 3 successes over none.
      ['pgd', 'int8', 'stranger', 'stranger', null, null],
      // Medians 250 and 25; 4 successes over 3.
      ['p-rgf', 'int8', 'none', null, 10, 4 / 3],
      // Medians (100 + 500) / 2 = 300 and 25; 4 successes over 2.
      ['p-rgf', 'int8', 'stranger', 'stranger', 12, 2],
      // Medians 250 and 300; 2 successes over 3.
      ['p-rgf', 'stranger', 'none', null, 250 / 300, 2 / 3],
    ]);
    for (const { queryRatio } of amplification.slice(1)) {
      expect(queryRatio?.low).toBeLessThanOrEqual(queryRatio?.value ?? 0);
      expect(queryRatio?.high).toBeGreaterThanOrEqual(queryRatio?.value ?? Infinity);
      expect(queryRatio?.bound).toBe(null);
    }
  });

  test('marks a query ratio whose baseline ran into its budget as a lower bound', async () => {
    const results = new MemoryResults();
    results.add({ kind: 'attack', cell: cellId('rgf', null), rows: rows(100, null, null, null) });
    results.add({ kind: 'attack', cell: cellId('p-rgf', 'int8'), rows: rows(10, 20, 30, 40) });
    const { amplification } = await buildReport(inputOf(results));
    expect(amplification).toHaveLength(1);
    expect(amplification[0]?.queryRatio).toMatchObject({ value: 20, bound: 'lower' });
  });

  test('compares only samples that were attacked in both cells', async () => {
    const results = new MemoryResults();
    results.add({ kind: 'attack', cell: cellId('rgf', null), rows: rows(100, 200).slice(0, 2) });
    results.add({ kind: 'attack', cell: cellId('p-rgf', 'int8'), rows: rows(10, 1) });
    const { amplification } = await buildReport(inputOf(results));
    expect(amplification[0]).toMatchObject({ samples: 1, queryRatio: { value: 10, low: 10, high: 10 } });
  });

  test('counts its tasks, and is the same for any sharding', async () => {
    const once = await report();
    expect(once.integrity).toMatchObject({ tasks: plan.size, results: 3, deadLetters: 1, wastedQueries: 12 });
    expect(once.integrity.resultsDigest).toMatch(/^[0-9a-f]{64}$/);
    expect(await report()).toEqual(once);
    expect(JSON.parse(JSON.stringify(once))).toEqual(once);
  });

  test('has the course of a model’s training, which its digest does not cover', async () => {
    const input = inputOf(reportRows());
    const full = input.models.get('full');
    if (full === undefined) throw new Error('the input lacks its model');
    const training = [{ step: 10, loss: 0.5, accuracy: 0.75, measures: { transfer: 0.25 } }];
    const trained = await buildReport({ ...input, models: new Map([['full', { ...full, training }]]) });
    expect(trained.models.map((model) => model.training)).toEqual([training, null, null]);
    expect(trained.integrity).toEqual((await report()).integrity);
  });

  test('has the course of training that came to nothing beside the sentence that says so', async () => {
    const input = inputOf(reportRows());
    const full = input.models.get('full');
    const training = [{ step: 10, loss: 9.5, accuracy: 0.125, measures: {} }];
    const failure = 'Task 0: training collapsed by step 10';
    const facts = { ...full, digest: null, bytes: null, parameters: null, nonZero: null, macs: null };
    const int8 = { ...facts, queries: null, failure, training };
    const failed = await buildReport({ ...input, models: new Map([['int8', int8]]) });
    expect(failed.models.find(({ id }) => id === 'int8')).toMatchObject({ digest: null, failure, training });
  });

  test('over no rows at all is empty, not broken', async () => {
    const empty = await buildReport(inputOf(new MemoryResults()));
    expect(empty).toMatchObject({ similarity: [], attacks: [], amplification: [] });
    expect(empty.models.map(({ accuracy }) => accuracy)).toEqual([null, null, null]);
  });

  test('stops when it is told to', async () => {
    const stop = AbortSignal.abort(new Error('enough'));
    await expect(buildReport(inputOf(new MemoryResults()), { signal: stop })).rejects.toThrow('enough');
  });
});
