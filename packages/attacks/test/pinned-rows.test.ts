import type { AttackRow } from '@unpair/attacks';
import { runAttack } from '@unpair/attacks';
import type { Classifier } from '@unpair/classifiers';
import type { Threat } from '@unpair/numerics';
import type { Parameters } from '@unpair/parameters';
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';

import { attack } from './support/attack-setup.js';
import { labelledSamples, randomModel, siblingOf } from '../../classifiers/test/support/linear-classifier.js';

const target = randomModel('target');
const sibling = siblingOf(target);
const stranger = randomModel('stranger');
const samples = await labelledSamples(target, 24);

/** The target, and what it was shown, in an order that batches do not change. */
function watched(): { readonly model: Classifier; readonly seen: string[] } {
  const seen: string[] = [];
  const size = target.shape.reduce((product, side) => product * side, 1);
  const logits: Classifier['logits'] = (inputs, count) => {
    for (let row = 0; row < count; row++) {
      seen.push(Buffer.from(inputs.slice(row * size, (row + 1) * size).buffer).toString('base64'));
    }
    return target.logits(inputs, count);
  };
  const { shape, classes } = target;
  return { model: { shape, classes, logits, close: () => Promise.resolve() }, seen };
}

/** The first characters of a digest of what an attack's rows say and what the target was shown, to the bit. */
function digestOf(rows: readonly AttackRow[], seen: readonly string[]): string {
  const bytes = Float64Array.from(
    rows.flatMap((row) => [
      ...[row.sample, row.label, row.queries, row.surrogateQueries, row.linf, row.l2],
      ...[row.cleanCorrect, row.surrogateCorrect, row.success, row.successRounded].map(Number),
    ]),
  );
  const hash = createHash('sha256').update(new Uint8Array(bytes.buffer));
  return hash.update(seen.toSorted().join()).digest('hex').slice(0, 16);
}

const surrogates = {
  none: [],
  sibling: [sibling],
  ensemble: [sibling, stranger, target],
};

const cases: readonly (readonly [string, keyof typeof surrogates, Parameters, string, string])[] = [
  ['pgd', 'sibling', {}, '449d4e9c18e4a318', '28359346ed717f00'],
  ['pgd', 'sibling', { restarts: 4, steps: 3 }, 'b4b400ce022c820d', '02cf76ddada5e8da'],
  ['pgd', 'ensemble', { restarts: 2, flipped: false }, '4874a18812d56887', '0bd82f01e3f2aa78'],
  ['pgd', 'sibling', { flipped: true, randomStart: false }, '8bdc91301d8771c7', '95be749af649aa6a'],
  ['mi-fgsm', 'sibling', {}, '06cabbedc9c8cc73', '2d09ddc386a8d83e'],
  ['mi-fgsm', 'ensemble', {}, '6dc918092816e9b2', 'edfa1499e53cd0c3'],
  ['di-fgsm', 'sibling', { least: 0.5 }, 'b60426628b856903', '8dac0ca668259795'],
  ['di-fgsm', 'ensemble', {}, '0d8dd3b6acad4a78', '757581f5c43535d6'],
  ['vmi-fgsm', 'sibling', { neighbours: 5 }, 'a1404869d660ec03', '85825ddafc473feb'],
  ['vmi-fgsm', 'ensemble', { neighbours: 3 }, 'ff65fe2afd748f12', '59913c19ffbb2a1d'],
  ['rgf', 'none', { budget: 150, samples: 20 }, '75724bcc542ef694', '6f851a6bcde99d3a'],
  ['p-rgf', 'sibling', { budget: 150, samples: 20 }, 'e0dda57d2e35b0da', '0491cf9c84c1c68f'],
  ['p-rgf', 'ensemble', { budget: 150, samples: 20, smoothing: 3 }, '7265dd79c8d69878', 'eb018c77ea3617e5'],
  ['square', 'none', { budget: 80 }, 'b90aa15781d9d99f', '7313c69f52c447e4'],
  ['square', 'sibling', { budget: 80 }, 'd387744845611e28', 'c5cfd8e7ddd4f38d'],
];

test.each(cases)('the rows of %s with surrogate %s and %j are what they were', async (...row) => {
  const [name, surrogate, parameters, linf, l2] = row;
  const under = async (threat: Threat): Promise<string> => {
    const { model, seen } = watched();
    const models = { target: model, surrogates: surrogates[surrogate], samples };
    const options = { definition: attack(name), parameters, threat, seed: 11, cell: `pinned/${name}` };
    const rows = await runAttack({ ...models, ...options, batchSize: 7 });
    return digestOf(rows, seen);
  };
  expect([await under({ norm: 'linf', epsilon: 0.03 }), await under({ norm: 'l2', epsilon: 0.3 })]).toEqual([
    linf,
    l2,
  ]);
});
