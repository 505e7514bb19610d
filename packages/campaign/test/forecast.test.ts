import { describe, expect, test } from 'vitest';
import { BUILT_IN, forecast, forecastText, mostQueries, planCampaign, runsOf } from '../src/index.js';
import type { Campaign, Forecast } from '../src/index.js';
import { parsed } from './fixtures.js';

const campaignOf = (file: string): Campaign => parsed(file, BUILT_IN);
const foresee = (campaign: Campaign): Forecast => forecast(campaign, planCampaign(campaign));

const text = `
name: exposure
dataset: { source: cifar10, samples: 250 }
models:
  full: { file: full.onnx }
  int8: { quantize: { of: full } }
  copy: { imitate: { of: int8, from: full, queries: 300 } }
  stranger: { file: stranger.onnx }
targets: [full]
surrogates: [int8, copy, stranger]
threat: { epsilon: [4/255, 8/255] }
attacks: [pgd, { rgf: { budget: 1000 }, firstSamples: 100 }, { p-rgf: { budget: 1000 }, firstSamples: 100 }]
`;

describe('a forecast', () => {
  test.each([1, 7, 25, 1_000])('is the sum over all tasks, whatever a shard is: %i samples', (shardSize) => {
    const campaign = { ...campaignOf(text), shardSize };
    const plan = planCampaign(campaign);
    const tasks = Array.from({ length: plan.size }, (_, index) => plan.task(index));
    const foreseen = foresee(campaign);
    const most = tasks.reduce((sum, task) => sum + mostQueries(task, campaign), 0);
    expect(foreseen.queries).toEqual([{ target: 'full', most }]);
    // 2 ε: pgd through 3 surrogates, rgf alone, p-rgf through 3; and what the copy asks.
    expect(most).toBe(2 * (3 * 250 + 4 * 100 * 1_000) + 300);
    for (const [model, runs] of foreseen.runs) {
      const each = tasks.flatMap((task) => runsOf(task)).filter((one) => one.model === model);
      expect(runs).toBeCloseTo(each.reduce((sum, one) => sum + one.runs, 0));
    }
    expect(foreseen.tasks).toBe(tasks.length);
    expect(foreseen.stages.derive).toBe(2);
    expect(foreseen.missing).toEqual([]);
  });

  test('says what the verdict will lack, and what mends it', () => {
    const missing = (change: (whole: string) => string): readonly string[] =>
      foresee(campaignOf(change(text))).missing;
    expect(missing((whole) => whole.replace('copy, stranger]', 'copy]'))).toEqual([
      'No surrogate is a stranger to full: add a model that was trained on its own, or what any model gives away is not told apart.',
    ]);
    expect(missing((whole) => whole.replace('rgf: { budget: 1000 }', 'rgf: { budget: 500 }'))).toEqual([
      'p-rgf has no rgf of the same budget (1000) beside it: what a prior saves is not told.',
    ]);
    expect(missing((whole) => whole.replace(/attacks: .*/, 'attacks: [pgd]'))).toEqual([
      'No attack searches with a surrogate as prior: add rgf and p-rgf, or queries that a sibling saves are not told.',
    ]);
    expect(missing((whole) => whole.replaceAll('firstSamples: 100', 'firstSamples: 20'))).toEqual([
      'rgf is tried on 20 samples, which leaves wide intervals: 100 tell differences of about ten points, ten times as many three.',
    ]);
    const defended = text.replace(
      '  stranger:',
      '  safe: { unpair: { of: full, from: full, adaptive: false } }\n  stranger:',
    );
    expect(missing(() => defended)).toEqual([
      'Nobody who knows of safe tries it: "adaptive: true" on its entry adds them.',
    ]);
  });

  test('is a few lines, as wide as the screen', () => {
    const campaign = campaignOf(`${text}maxQueries: 100000\n`);
    expect(forecastText(campaign, foresee(campaign), { width: 60, takes: 'a minute' })).toBe(
      [
        'tasks    227: 2 making models, 133 measuring, 92 attacking',
        'samples  250 of cifar10',
        'attacks  on full at ε 4/255, 8/255, in 14 cells',
        'makes    int8 (quantize), copy (imitate)',
        'asks     full up to 801,800 times; maxQueries keeps all',
        '         within 100,000',
        'takes    a minute',
      ].join('\n'),
    );
  });
});
