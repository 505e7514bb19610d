import { expect, test } from 'vitest';
import type { Report } from '../src/index.js';
import { buildReport, parseCampaign, planCampaign, renderReport } from '../src/index.js';
import { MemoryResults } from './memory-results.js';
import { violationSentence } from '../src/index.js';
import { breakName, leastWidth } from '../src/report/terminal/break-name.js';
import { attackRow, similarityRow } from './rows.js';

const FILE = `name: search
seed: 5
dataset: { source: cifar10, samples: 40 }
models:
  full: { file: full.onnx }
  int8: { quantize: { of: full } }
  unpaired: { unpair: { of: full, from: full, adversarial: [0.05, 0.1], cosine: 2, warmup: [0, 0.25], adaptive: false } }
  int8-unpaired: { quantize: { of: unpaired } }
  stranger: { file: stranger.onnx }
targets: [full]
surrogates: [int8, int8-unpaired, stranger]
threat: { epsilon: 8/255 }
attacks: [pgd]
`;

const SAMPLES = [...Array(40).keys()];
const SHORT = 'int8-unpaired[unpaired.adversarial=';

/** The report of the search: a sibling is the better unpaired the later it stands in the file. */
async function report(): Promise<Report> {
  const parsed = parseCampaign(FILE);
  if (!parsed.ok) throw new Error(parsed.violations.map(violationSentence).join(' '));
  const { campaign } = parsed;
  const plan = planCampaign(campaign);
  const results = new MemoryResults();
  for (const model of campaign.models.keys()) {
    const rows = SAMPLES.map((sample) => ({ sample, label: 1, predicted: sample < 36 ? 1 : 0 }));
    results.add({ kind: 'accuracy', model, rows });
  }
  for (const { name: surrogate } of campaign.surrogates) {
    const rows = SAMPLES.map((sample) => similarityRow(sample, { cosine: 0.25 }));
    results.add({ kind: 'similarity', surrogate, target: 'full', inputs: 'clean', rows });
  }
  for (const cell of plan.cells) {
    const fooled = 40 - 6 * campaign.surrogates.findIndex(({ name }) => name === cell.surrogate?.name);
    const rows = SAMPLES.map((sample) => attackRow(sample, { success: sample < fooled }));
    results.add({ kind: 'attack', cell: cell.id, rows });
  }
  return buildReport({
    ...{ campaign, plan, results, models: new Map() },
    integrity: { results: 0, failed: 0, deadLetters: 0, cancelled: 0, wastedQueries: 0 },
    provenance: { versions: {}, runtime: [], workers: [], started: null, finished: null },
  });
}

test('the report has each model of a sweep under its own name, compared with what it is made instead of', async () => {
  const { models, tradeOff, defence } = await report();
  expect(models.map(({ id, of }) => [id, of]).slice(5, 8)).toEqual([
    ['unpaired[adversarial=0.1,warmup=0.25]', 'full'],
    [`${SHORT}0.05,unpaired.warmup=0]`, 'unpaired[adversarial=0.05,warmup=0]'],
    [`${SHORT}0.05,unpaired.warmup=0.25]`, 'unpaired[adversarial=0.05,warmup=0.25]'],
  ]);
  expect(defence.map(({ surrogate, undefended }) => [surrogate, undefended])).toEqual([
    [`${SHORT}0.05,unpaired.warmup=0]`, 'int8'],
    [`${SHORT}0.05,unpaired.warmup=0.25]`, 'int8'],
    [`${SHORT}0.1,unpaired.warmup=0]`, 'int8'],
    [`${SHORT}0.1,unpaired.warmup=0.25]`, 'int8'],
  ]);
  const points = tradeOff.map(({ surrogate, exposure }) => [surrogate, exposure[0]?.transfer]);
  expect(points.slice(1, 3)).toEqual([
    [`${SHORT}0.05,unpaired.warmup=0]`, 34 / 40],
    [`${SHORT}0.05,unpaired.warmup=0.25]`, 28 / 40],
  ]);
});

test('tables break the names of swept models where they would be too wide, and stay within the terminal', async () => {
  const text = renderReport(await report());
  const lines = text.split('\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  const start = lines.indexOf('Transfer');
  expect(lines.slice(start, start + 9).join('\n')).toMatchInlineSnapshot(`
    "Transfer
    attack      ε  surrogate                                          success   where both are right   n
    pgd     8/255  int8                                 100.0 % [91.2, 100.0]  100.0 % [91.2, 100.0]  40
    pgd     8/255  int8-unpaired                          85.0 % [70.9, 92.9]    85.0 % [70.9, 92.9]  40
                     [unpaired.adversarial=0.05,
                     unpaired.warmup=0]
    pgd     8/255  int8-unpaired                          70.0 % [54.6, 81.9]    70.0 % [54.6, 81.9]  40
                     [unpaired.adversarial=0.05,
                     unpaired.warmup=0.25]"
  `);
});

test('a wide terminal has them in one line', async () => {
  const text = renderReport(await report(), { width: 160 });
  expect(text).toMatch(
    /^pgd {5}8\/255 {2}int8-unpaired\[unpaired\.adversarial=0\.1,unpaired\.warmup=0\.25\] {2}/m,
  );
});

test('a name is broken before its values, after each, and within one only where it must be', () => {
  const name = 'int8[weights=4,a.b=1e+30]+b[x=2]';
  expect(breakName(name, 40)).toEqual([name]);
  expect(breakName(name, 20)).toEqual(['int8[weights=4,', '  a.b=1e+30]+b[x=2]']);
  expect(breakName(name, leastWidth(name))).toEqual([
    ...['int8', '  [weights=4,', '  a.', '  b=1e+30]+b', '  [x=2]'],
  ]);
  expect(breakName('q[unpaired.adversarial=0.05]', 10)).toEqual(['q', '  [unpaired.', '  adversarial=0.05]']);
  expect(leastWidth('int8-unpaired+stranger')).toBe(22);
});
