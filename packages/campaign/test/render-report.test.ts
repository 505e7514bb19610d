import { expect, test } from 'vitest';
import type { AttackReport } from '../src/index.js';
import { buildReport, renderReport } from '../src/index.js';
import { MemoryResults } from './memory-results.js';
import { inputOf, report, targetedReport } from './small-report.js';

/** ANSI escapes for bold and dim, and their ends. */
const ESCAPES = /\u001b\[(?:1|2|22)m/g;

test('a report is printed as tables, each estimate with its interval', async () => {
  expect(renderReport(await report(), { width: 110 })).toMatchInlineSnapshot(`
    "Models
    model     made by           weights  not zero        MACs    size             accuracy   n
    full      file              270,000   269,000  40,000,000  1.1 MB  80.0 % [49.0, 94.3]  10
    int8      quantize of full        –                     –       –                    –   –
    stranger  file                    –                     –       –                    –   –

    The gradients of int8 are 0 everywhere on 1 of 4 samples (clean): their cosine to those of full counts as 0
    there, which says nothing of how alike the models are.

    Similarity to the target
    surrogate  target        gradient cosine  |cosine|  norm ratio  cosine, adversarial      same prediction
    int8       full    0.300 [-0.150, 0.752]     0.450       2.000               -0.300  75.0 % [30.1, 95.4]

    Transfer
    attack      ε  surrogate              success  where both are right   8-bit  n
    pgd     8/255  int8       75.0 % [30.1, 95.4]   66.7 % [20.8, 93.9]  50.0 %  4
    pgd     8/255  stranger     0.0 % [0.0, 49.0]     0.0 % [0.0, 56.1]   0.0 %  4

    Queries to the target
    attack      ε  surrogate                success          median   median of all  mean  p90  budget  n
    rgf     8/255  –            75.0 % [30.1, 95.4]  200 [100, 300]  250 [100, 500]   200  280     500  4
    p-rgf   8/255  int8       100.0 % [51.0, 100.0]     25 [10, 40]     25 [10, 40]    25   37     500  4
    p-rgf   8/255  stranger     50.0 % [15.0, 85.0]    75 [50, 100]   300 [50, 500]    75   95     500  4

    Amplification
    attack      ε  surrogate  compared with    fewer queries   more successes  n
    pgd     8/255  int8       stranger                     –                –  4
    p-rgf   8/255  int8       rgf, no prior    10× [6.7, 15]  1.3× [1.0, 4.0]  4
    p-rgf   8/255  int8       stranger         12× [2.5, 50]    2.0× [1.0, ∞]  4
    p-rgf   8/255  stranger   rgf, no prior  0.8× [0.2, 6.0]  0.7× [0.0, 1.0]  4

    Intervals are 95 %. Success is over the n samples that the target classifies correctly; median, mean and p90
    are over successes; "median of all" and "fewer queries" set failures to the budget, ≥ or ≤ where one of the
    medians is it.

    3 of 51 tasks, 1 dead letters, 0 cancelled; seed 7
    results 1eb0a4d2fef5dac683f24b12efe3e7da2fdfdebff725a24d3f5b55073e4def0b
    "
  `);
});

test('colours change nothing but the look', async () => {
  const plain = renderReport(await report(), { width: 110, color: false });
  const coloured = renderReport(await report(), { width: 110, color: true });
  expect(coloured).toContain('\u001b[1mModels\u001b[22m');
  expect(coloured.replaceAll(ESCAPES, '')).toBe(plain);
});

test('a narrow terminal loses optional columns before lines grow too long', async () => {
  const lines = renderReport(await report(), { width: 90 }).split('\n');
  const header = lines.find((line) => line.includes('median of all'));
  expect(header).not.toContain('budget');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(90);
});

test('what a campaign sweeps tells its rows apart; what it does not is left out', async () => {
  const full = await report();
  const [pgd] = full.attacks;
  if (pgd === undefined) throw new Error('the report has attacks');
  const withSteps = (steps: number): AttackReport => ({ ...pgd, parameters: { ...pgd.parameters, steps } });
  const text = renderReport({ ...full, attacks: [withSteps(10), withSteps(40)] });
  expect(text).toContain('pgd     steps 10  8/255');
  expect(text).toContain('pgd     steps 40  8/255');
  expect(text).not.toContain('randomStart');
});

test('a class to reach stands beside epsilon, and below what n leaves out for it', async () => {
  const text = renderReport(await targetedReport(), { width: 140 });
  expect(text).toMatch(/attack +ε +class to reach +surrogate/);
  expect(text).toMatch(/rgf +8\/255 +3 +–/);
  expect(text.replaceAll('\n', ' ')).toContain(
    'samples that have it for a label are left out, and not in n.',
  );
  expect(renderReport(await report())).not.toContain('reach');
});

test('epsilons that are no grey levels are printed in digits, with their norm', async () => {
  const full = await report();
  const attacks = full.attacks.map((entry) => ({ ...entry, norm: 'l2' as const, epsilon: 1.5 }));
  expect(renderReport({ ...full, attacks })).toContain('l2 1.5');
  const odd = full.attacks.map((entry) => ({ ...entry, epsilon: 0.05 }));
  expect(renderReport({ ...full, attacks: odd })).toContain('0.05');
});

test('a report without rows yet prints its models and says how far it is', async () => {
  const text = renderReport(await buildReport(inputOf(new MemoryResults())));
  expect(text).toMatch(/^Models\n/);
  expect(text).not.toContain('Transfer');
  expect(text).toContain('3 of 51 tasks, 1 dead letters, 0 cancelled; seed 7');
});

test('a model that answers by chance is told before anything that is said of it', async () => {
  const full = await report();
  expect(full.models.map(({ nearChance }) => nearChance)).toEqual([null, null, null]);
  const phrase =
    'is right on 6 of 60 samples (10.0 %), hardly better than guessing among 10 classes (10.0 %)';
  const models = full.models.map((model) => (model.id === 'full' ? { ...model, nearChance: phrase } : model));
  expect(renderReport({ ...full, models, warnings: [] }, { width: 200 })).toMatch(
    /–\n\nfull is right on 6 of 60 [^\n]*\(10\.0 %\)\.\n\nSimilarity to the target\n/,
  );
});

test('results of several runtimes are told, since bits repeat only within one', async () => {
  const full = await report();
  expect(renderReport(full)).not.toContain('runtimes');
  const runtime = ['onnxruntime 1.30.0 cpu', 'tensorflow 4.22.0+wasm cpu'];
  const text = renderReport({ ...full, provenance: { ...full.provenance, runtime } }, { width: 400 });
  expect(text).toContain(
    'Results come from 2 runtimes or devices (onnxruntime 1.30.0 cpu; tensorflow 4.22.0+wasm cpu): a repetition has the same bits only on one.',
  );
});
