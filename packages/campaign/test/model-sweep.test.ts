import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Campaign } from '../src/index.js';
import { planCampaign } from '../src/index.js';
import { parsed, valid, catalogue } from './fixtures.js';
import { UNPAIRED, campaignOf, namesOf } from './sweep-file.js';

describe('an entry with a list', () => {
  test('is a model for each value', () => {
    const { models } = campaignOf({ models: 'quantized: { quantize: { of: full, weights: [8, 4] } }' });
    expect([...models.keys()]).toEqual(['full', 'stranger', 'quantized[weights=8]', 'quantized[weights=4]']);
    expect(models.get('quantized[weights=4]')).toMatchObject({
      ...{ kind: 'quantize', of: 'full' },
      parameters: { weights: 4, activations: 8, ranges: 'min-max' },
    });
  });

  test('is so for a list of one as well, whose name stays when the list grows', () => {
    expect(namesOf('q: { quantize: { of: full, weights: [8] } }')).toEqual(['q[weights=8]']);
  });

  test('has every combination, the last parameter varying fastest, whatever the order of the file', () => {
    expect(namesOf('q: { quantize: { of: full, ranges: [mse, min-max], weights: [8, 4] } }')).toEqual([
      'q[weights=8,ranges=mse]',
      'q[weights=8,ranges=min-max]',
      'q[weights=4,ranges=mse]',
      'q[weights=4,ranges=min-max]',
    ]);
  });

  test('may list fields of a map, truth values and amounts', () => {
    expect(namesOf('p: { prune: { of: full, finetune: { epochs: [1, 2] } } }')).toEqual([
      'p[finetune.epochs=1]',
      'p[finetune.epochs=2]',
    ]);
    expect(namesOf('u: { unpair: { of: full, from: full, pairs: [false, true] } }')).toEqual([
      'u[pairs=false]',
      'u[pairs=true]',
    ]);
    const { models } = campaignOf({
      models: 'u: { unpair: { of: full, from: full, epsilon: [51/255, 0.25] } }',
    });
    expect(models.get('u[epsilon=0.2]')).toMatchObject({ parameters: { epsilon: 0.2, cosine: 0 } });
  });

  test.each(['quantize', 'prune', 'distill', 'unpair', 'imitate'])('%s may have one', (kind) => {
    const parameter =
      kind === 'quantize' || kind === 'prune' ? 'finetune: { rate: [0.1, 0.2] }' : 'rate: [0.1, 0.2]';
    const from = kind === 'unpair' || kind === 'imitate' ? 'from: full,' : '';
    const prefix = parameter.startsWith('finetune') ? 'finetune.' : '';
    expect(namesOf(`a: { ${kind}: { of: full, ${from} ${parameter} } }`)).toEqual([
      `a[${prefix}rate=0.1]`,
      `a[${prefix}rate=0.2]`,
    ]);
  });
});

describe('what is made of a swept entry', () => {
  test('is swept with it, and its name says by what', () => {
    const { models } = campaignOf({
      // Before what it is made of: the order of the file is that of the models.
      models: `int8-unpaired: { quantize: { of: unpaired } }\n${UNPAIRED}`,
    });
    expect([...models.keys()].slice(2)).toEqual([
      'int8-unpaired[unpaired.adversarial=0.1]',
      'int8-unpaired[unpaired.adversarial=0.2]',
      'unpaired[adversarial=0.1]',
      'unpaired[adversarial=0.2]',
    ]);
    expect(models.get('int8-unpaired[unpaired.adversarial=0.2]')).toMatchObject({
      of: 'unpaired[adversarial=0.2]',
      sweep: { entry: 'int8-unpaired', point: { 'unpaired.adversarial': 0.2 } },
    });
  });

  test('has its own parameters first, which vary slowest', () => {
    expect(namesOf(`${UNPAIRED}\nq: { quantize: { of: unpaired, weights: [8, 4] } }`).slice(2)).toEqual([
      'q[weights=8,unpaired.adversarial=0.1]',
      'q[weights=8,unpaired.adversarial=0.2]',
      'q[weights=4,unpaired.adversarial=0.1]',
      'q[weights=4,unpaired.adversarial=0.2]',
    ]);
  });

  test('over several steps names the entry that lists the values', () => {
    const models = `${UNPAIRED}\nq: { quantize: { of: unpaired } }\nagain: { imitate: { of: q, from: full } }`;
    expect(namesOf(models).slice(4)).toEqual([
      'again[unpaired.adversarial=0.1]',
      'again[unpaired.adversarial=0.2]',
    ]);
  });

  test('takes the same point through of and from', () => {
    const { models } = campaignOf({
      models: `${UNPAIRED}
q: { quantize: { of: unpaired, weights: [8, 4] } }
again: { unpair: { of: q, from: unpaired, adaptive: false } }`,
    });
    const again = [...models].slice(8);
    expect(again.map(([name]) => name)).toEqual([
      'again[q.weights=8,unpaired.adversarial=0.1]',
      'again[q.weights=8,unpaired.adversarial=0.2]',
      'again[q.weights=4,unpaired.adversarial=0.1]',
      'again[q.weights=4,unpaired.adversarial=0.2]',
    ]);
    expect(again[1]?.[1]).toMatchObject({
      of: 'q[weights=8,unpaired.adversarial=0.2]',
      from: 'unpaired[adversarial=0.2]',
    });
  });

  test('is the product where of and from are swept apart', () => {
    const models = `a: { quantize: { of: full, weights: [8, 4] } }
b: { distill: { of: full, depth: [8, 14] } }
c: { unpair: { of: b, from: a, adaptive: false } }`;
    expect(namesOf(models).slice(4)).toEqual([
      'c[b.depth=8,a.weights=8]',
      'c[b.depth=8,a.weights=4]',
      'c[b.depth=14,a.weights=8]',
      'c[b.depth=14,a.weights=4]',
    ]);
  });

  test('is one model where a single one is named in full', () => {
    const { models } = campaignOf({
      models: `${UNPAIRED}
q: { quantize: { of: 'unpaired[adversarial=0.2]' } }
copy: { imitate: { of: unpaired, from: 'unpaired[adversarial=0.1]' } }`,
    });
    expect([...models].slice(4)).toMatchObject([
      ['q', { of: 'unpaired[adversarial=0.2]' }],
      [
        'copy[unpaired.adversarial=0.1]',
        { of: 'unpaired[adversarial=0.1]', from: 'unpaired[adversarial=0.1]' },
      ],
      [
        'copy[unpaired.adversarial=0.2]',
        { of: 'unpaired[adversarial=0.2]', from: 'unpaired[adversarial=0.1]' },
      ],
    ]);
  });
});

describe('the name of a swept entry', () => {
  const models = `q: { quantize: { of: full, weights: [8, 4] } }\nd: { distill: { of: full, depth: [8, 14] } }`;

  test('stands for all its models among targets and surrogates, or in full for one', () => {
    const campaign = campaignOf({ models, targets: '[d, full]', surrogates: `[stranger, q, 'd[depth=8]']` });
    expect(campaign.targets.map(({ model }) => model)).toEqual(['d[depth=8]', 'd[depth=14]', 'full']);
    expect(campaign.surrogates.map(({ name }) => name)).toEqual([
      'stranger',
      'q[weights=8]',
      'q[weights=4]',
      'd[depth=8]',
    ]);
  });

  test('stands for an ensemble with each in an ensemble, and two for the product', () => {
    const { surrogates } = campaignOf({
      models,
      surrogates: `[{ ensemble: [q, stranger] }, { ensemble: [q, d] }, { ensemble: ['q[weights=8]', stranger, d] }]`,
    });
    expect(surrogates.map(({ name }) => name)).toEqual([
      ...['q[weights=8]+stranger', 'q[weights=4]+stranger'],
      ...['q[weights=8]+d[depth=8]', 'q[weights=8]+d[depth=14]'],
      ...['q[weights=4]+d[depth=8]', 'q[weights=4]+d[depth=14]'],
      ...['q[weights=8]+stranger+d[depth=8]', 'q[weights=8]+stranger+d[depth=14]'],
    ]);
    expect(surrogates.map((surrogate) => surrogate.models.length)).toEqual([2, 2, 2, 2, 2, 2, 3, 3]);
    expect(surrogates.at(-1)?.models).toEqual(['q[weights=8]', 'stranger', 'd[depth=14]']);
  });

  test('may hold what joins the names of ensembles, whose members are models all the same', () => {
    const whole = { type: 'number', min: 0, default: 0, description: '' } as const;
    const words = {
      ...catalogue,
      siblings: catalogue.siblings.map((word) => ({ ...word, parameters: { rate: whole } })),
    };
    const file = valid
      .replace('{ of: full }', '{ of: full, rate: [1e-7, 1e+30] }')
      .replace('[int8, stranger]', '[int8, { ensemble: [int8, stranger] }]');
    const { surrogates, models: all } = parsed(file, words);
    expect(surrogates.map(({ name }) => name)).toContain('int8[rate=1e+30]+stranger');
    expect(surrogates.flatMap((surrogate) => surrogate.models).filter((model) => !all.has(model))).toEqual(
      [],
    );
  });
});

test('a sweep is planned as the same models would be that were written one by one', () => {
  const swept = campaignOf({
    models: `${UNPAIRED}\nq: { quantize: { of: unpaired } }\nint8: { quantize: { of: full } }`,
    surrogates: '[int8, q, { ensemble: [q, stranger] }]',
  });
  const single = (name: string, value: number): string =>
    `${name}: { unpair: { of: full, from: full, adversarial: ${value}, adaptive: false } }`;
  const written = campaignOf({
    models: [
      single('u1', 0.1),
      single('u2', 0.2),
      'q1: { quantize: { of: u1 } }',
      'q2: { quantize: { of: u2 } }',
      'int8: { quantize: { of: full } }',
    ].join('\n'),
    surrogates: '[int8, q1, q2, { ensemble: [q1, stranger] }, { ensemble: [q2, stranger] }]',
  });
  const renamed = (text: string): string =>
    text
      .replaceAll(/\bq\[unpaired\.adversarial=0\.(\d)\]/g, 'q$1')
      .replaceAll(/\bunpaired\[adversarial=0\.(\d)\]/g, 'u$1');
  const tasks = (campaign: Campaign): string => {
    const plan = planCampaign(campaign);
    return JSON.stringify(Array.from({ length: plan.size }, (_, index) => plan.task(index)));
  };
  expect(renamed(tasks(swept))).toBe(tasks(written));
  expect(JSON.parse(renamed(JSON.stringify(swept.adaptive)))).toEqual(written.adaptive);
  expect(tasks(swept)).toContain('"needs":["q[unpaired.adversarial=0.1]"]');
});

test('who knows of a swept defence tries each of its models, under names of their own', () => {
  const { models, adaptive } = campaignOf({
    models: `${UNPAIRED.replace(', adaptive: false', '')}\nint8-unpaired: { quantize: { of: unpaired } }`,
    surrogates: '[int8-unpaired, stranger]',
  });
  const siblings = ['int8-unpaired[unpaired.adversarial=0.1]', 'int8-unpaired[unpaired.adversarial=0.2]'];
  expect(adaptive.defences.map(({ sibling }) => sibling)).toEqual(siblings);
  for (const sibling of siblings) {
    expect(models.get(`${sibling}~imitated-1000`)).toMatchObject({
      ...{ kind: 'imitate', of: sibling, from: 'full', generated: true },
    });
    const tried = adaptive.attacks.filter(({ defence }) => defence.sibling === sibling);
    expect(tried.map(({ surrogate }) => surrogate.name)).toContain(`${sibling}+stranger`);
  }
});

test('a file without lists has the cells that it always had: their names are what random streams derive from', () => {
  const { cells } = planCampaign(parsed(valid), catalogue);
  const digest = createHash('sha256').update(cells.map(({ id }) => id).join('\n'));
  expect(digest.digest('hex')).toBe('da622a12ef0ed233e88447862bb0fb0175b9d8077d7ba2116c330a63b8f7d915');
});

test('a long chain is read, whichever end stands first in the file', () => {
  const links = Array.from(
    { length: 8000 },
    (_, at) => `m${at}: { quantize: { of: ${at === 0 ? 'q' : `m${at - 1}`} } }`,
  );
  const start = 'q: { quantize: { of: full, weights: 8 } }';
  for (const chain of [
    [start, ...links],
    [...links.toReversed(), start],
  ])
    expect(namesOf(chain.join('\n'))).toContain('m7999');
});
