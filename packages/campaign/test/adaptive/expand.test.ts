import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Campaign, Cell, PlannedTask } from '../../src/index.js';
import { isGenerated } from '../../src/campaign.js';
import { parseCampaign, planCampaign, violationSentence } from '../../src/index.js';
import { defend, defendFile } from './defend-file.js';

/** The cells at the largest epsilon, as texts. */
function namesOf(cells: readonly Cell[]): readonly string[] {
  return cells
    .filter(({ epsilon }) => epsilon === 8 / 255)
    .map(({ attack, target, surrogate, samples, parameters }) => {
      const told = [
        parameters['flipped'] === true && 'flipped',
        Number(parameters['smoothing'] ?? 0) > 0 && 'smoothed',
      ];
      return [attack, surrogate?.name ?? '-', '→', target, samples, ...told.filter(Boolean)].join(' ');
    });
}

function derivationsOf(campaign: Campaign): readonly (PlannedTask & { readonly kind: 'derive' })[] {
  const plan = planCampaign(campaign);
  const tasks = Array.from({ length: plan.size }, (_, index) => plan.task(index));
  return tasks.filter((task) => task.kind === 'derive');
}

/** The names of a model's imitations, as the plan makes them. */
function imitationsOf(model: string, suffix = ''): readonly string[] {
  const how = ['1000', '1000-rate-0.01', '10000', '10000-rate-0.01'];
  return how.map((each) => `${model}~imitated-${each}${suffix}`);
}

/** The models that the plan adds. */
const addedTo = ({ models }: Campaign): readonly string[] =>
  [...models].filter(([, model]) => isGenerated(model)).map(([name]) => name);

const adaptiveOf = (campaign: Campaign): readonly Cell[] =>
  planCampaign(campaign).cells.filter(({ adaptive }) => adaptive);

describe('a defended sibling is tried', () => {
  const campaign = defend();
  const plan = planCampaign(campaign);

  test('by every adaptive attacker at every epsilon, within bounds, and strangers by the same', () => {
    expect(namesOf(adaptiveOf(campaign))).toEqual([
      'pgd int8-unpaired → full 500 flipped',
      'mi-fgsm int8-unpaired → full 500',
      'di-fgsm int8-unpaired → full 500',
      'vmi-fgsm int8-unpaired → full 100',
      'pgd int8-unpaired+stranger → full 500',
      'mi-fgsm int8-unpaired+stranger → full 500',
      ...imitationsOf('int8-unpaired').flatMap((copy) => [
        `pgd ${copy} → full 500`,
        `mi-fgsm ${copy} → full 500`,
      ]),
      'pgd full → int8-unpaired 500',
      'mi-fgsm stranger → full 500',
      'di-fgsm stranger → full 500',
      'vmi-fgsm stranger → full 100',
      'pgd full → stranger 500',
      ...imitationsOf('stranger').flatMap((copy) => [`pgd ${copy} → full 500`, `mi-fgsm ${copy} → full 500`]),
      'p-rgf int8-unpaired → full 40 smoothed',
      ...imitationsOf('int8-unpaired').map((copy) => `p-rgf ${copy} → full 40`),
      ...imitationsOf('stranger').map((copy) => `p-rgf ${copy} → full 40`),
    ]);
    expect(adaptiveOf(campaign)).toHaveLength(2 * 36);
  });

  test('by imitations of it and of the stranger, with as many steps for either budget, at two rates', () => {
    const derived = derivationsOf(campaign);
    expect(derived.map(({ model, of, from, needs }) => [model, of, from, ...needs])).toEqual([
      ['int8', 'full', null],
      ['tuned', 'full', 'full'],
      ['int8-unpaired', 'tuned', null, 'tuned'],
      ...imitationsOf('int8-unpaired').map((copy) => [copy, 'int8-unpaired', 'full', 'int8-unpaired']),
      // Both are files.
      ...imitationsOf('stranger').map((copy) => [copy, 'stranger', 'full']),
    ]);
    const [ofSibling, ofStranger] = [derived.slice(-8, -4), derived.slice(-4)];
    const [few, many] = [
      { queries: 1000, epochs: 30 },
      { queries: 10_000, epochs: 3 },
    ];
    const [fast, slow] = [{ rate: 0 }, { rate: 0.01 }];
    expect(ofSibling).toMatchObject([
      { recipe: 'imitate', parameters: { ...few, ...fast }, trainingSamples: 1000 },
      { recipe: 'imitate', parameters: { ...few, ...slow }, trainingSamples: 1000 },
      { recipe: 'imitate', parameters: { ...many, ...fast }, trainingSamples: 10_000 },
      { recipe: 'imitate', parameters: { ...many, ...slow }, trainingSamples: 10_000 },
    ]);
    expect(ofStranger.map(({ parameters }) => parameters)).toEqual(
      ofSibling.map(({ parameters }) => parameters),
    );
  });

  test('by its own gradients, at the largest epsilon, on the first hundred samples', () => {
    const masking = Array.from({ length: plan.size }, (_, index) => plan.task(index)).filter(
      (task) => task.kind === 'masking',
    );
    expect(masking).toHaveLength(4);
    expect(masking[3]).toMatchObject({
      ...{ stage: 'measure', model: 'int8-unpaired', needs: ['int8-unpaired'] },
      ...{ threat: { norm: 'linf', epsilon: 8 / 255 }, samples: { first: 75, count: 25 } },
    });
  });

  test('and every attempt is in the plan under its attacker, those of the file included', () => {
    const attackers = plan.adaptive
      .filter(({ cell }) => cell.epsilon === 8 / 255)
      .map(({ attacker }) => attacker);
    expect([...new Set(attackers)]).toEqual([
      ...['flipped', 'momentum', 'diverse', 'variance-tuned'],
      ...['smoothed-prior', 'ensemble', 'imitation', 'from-target'],
    ]);
    expect(plan.adaptive.every(({ defence }) => defence.sibling === 'int8-unpaired')).toBe(true);
    const known = new Set(plan.cells);
    expect(plan.adaptive.every(({ cell }) => known.has(cell))).toBe(true);
  });
});

describe('what is added', () => {
  test('is nothing where it is not wanted, or nothing published is defended', () => {
    const unwanted =
      '\n  tuned: { unpair: { of: full, from: full, adaptive: false } }\n  int8-unpaired: { quantize: { of: tuned } }';
    for (const campaign of [defend({ models: unwanted }), defend({ surrogates: '[int8, stranger]' })]) {
      expect(adaptiveOf(campaign)).toEqual([]);
      expect([...campaign.models.keys()]).toEqual(['full', 'stranger', 'int8', 'tuned', 'int8-unpaired']);
      expect(planCampaign(campaign).adaptive).toEqual([]);
    }
    // The report still says what the defence costs and takes away.
    expect(defend({ models: unwanted }).adaptive.defences).toEqual([
      { sibling: 'int8-unpaired', target: 'full', adaptive: false },
    ]);
  });

  test('never repeats what the file asks for, nor changes its cells', () => {
    const attacks =
      '[pgd: { flipped: [false, true] }, mi-fgsm: { steps: 20 }, { vmi-fgsm: {}, firstSamples: 50 }]';
    const surrogates = '[int8-unpaired, stranger, { ensemble: [stranger, int8-unpaired] }]';
    const campaign = defend({ attacks, surrogates });
    const { cells } = planCampaign(campaign);
    const ids = cells.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const added = namesOf(cells.filter(({ adaptive }) => adaptive));
    expect(added).not.toContainEqual(expect.stringMatching(/flipped|vmi-fgsm|\+|p-rgf/));
    const imitating = cells.find(
      ({ surrogate, attack }) => surrogate?.name === 'int8-unpaired~imitated-1000' && attack === 'mi-fgsm',
    );
    expect(imitating?.parameters).toMatchObject({ steps: 20 });
    const plain = planCampaign({ ...campaign, adaptive: { defences: [], attacks: [] } });
    expect(cells.slice(0, plain.cells.length)).toEqual(plain.cells);
  });

  test('keeps to attacks that the norm allows, and to priors that the file has', () => {
    const campaign = defend({ threat: 'norm: l2', epsilon: '[0.5, 1]', attacks: '[pgd]' });
    const attacks = new Set(adaptiveOf(campaign).map(({ attack }) => attack));
    expect(attacks.has('p-rgf')).toBe(false);
    expect(adaptiveOf(campaign).every(({ norm }) => norm === 'l2')).toBe(true);
  });

  test('has a name of its own for each target that a sibling was unpaired from', () => {
    const models = `
  other: { file: other.onnx }
  once: { unpair: { of: full, from: full } }
  twice: { unpair: { of: once, from: other } }`;
    const campaign = defend({ models, surrogates: '[twice, stranger]', targets: '[full, other]' });
    expect(addedTo(campaign)).toEqual([
      ...imitationsOf('twice', '-of-full'),
      ...imitationsOf('stranger', '-of-full'),
      ...imitationsOf('twice', '-of-other'),
      ...imitationsOf('stranger', '-of-other'),
    ]);
    for (const name of addedTo(campaign))
      expect(campaign.models.get(name)).toMatchObject({
        of: name.split('~')[0],
        from: name.split('-of-')[1],
      });
  });

  test('has such names too where one target’s defended sibling is a stranger to another target', () => {
    const models = `
  other: { file: other.onnx }
  first: { unpair: { of: full, from: full } }
  second: { unpair: { of: other, from: other } }`;
    const campaign = defend({ models, surrogates: '[first, second]', targets: '[full, other]' });
    expect(addedTo(campaign)).toEqual([
      ...imitationsOf('first', '-of-full'),
      ...imitationsOf('second', '-of-full'),
      ...imitationsOf('second', '-of-other'),
      ...imitationsOf('first', '-of-other'),
    ]);
    // Who imitates one target alone needs no such name.
    const half = models.replace('from: other', 'from: other, adaptive: false');
    expect(
      addedTo(defend({ models: half, surrogates: '[first, second]', targets: '[full, other]' })),
    ).toEqual([...imitationsOf('first'), ...imitationsOf('second')]);
  });

  test('teaches a stranger once for all defences of a target, and after it is made', () => {
    const models = `
  base: { file: base.onnx }
  small: { quantize: { of: base } }
  first: { unpair: { of: full, from: full } }
  second: { unpair: { of: int8, from: full } }`;
    const campaign = defend({ models, surrogates: '[first, second, small]' });
    expect(addedTo(campaign)).toEqual([
      ...imitationsOf('first'),
      ...imitationsOf('small'),
      ...imitationsOf('second'),
    ]);
    const taught = derivationsOf(campaign).filter(({ of }) => of === 'small');
    expect(taught.map(({ needs }) => needs)).toEqual([['small'], ['small'], ['small'], ['small']]);
    const through = adaptiveOf(campaign).filter(({ surrogate }) => surrogate?.name === 'small~imitated-1000');
    expect(namesOf(through)).toEqual([
      'pgd small~imitated-1000 → full 500',
      'mi-fgsm small~imitated-1000 → full 500',
      'p-rgf small~imitated-1000 → full 40',
    ]);
  });

  test('does not try what an attacker made, and takes no copy of the target for a stranger', () => {
    const models = `
  unpaired: { unpair: { of: int8, from: full } }
  copy: { imitate: { of: unpaired, from: full, queries: 1000, epochs: 30 } }
  taught: { imitate: { of: stranger, from: full } }`;
    const campaign = defend({ models, surrogates: '[unpaired, copy, taught, stranger]' });
    expect(campaign.adaptive.defences.map(({ sibling }) => sibling)).toEqual(['unpaired']);
    // The file's own imitations with the same parameters do for the plan's.
    expect(addedTo(campaign)).toEqual([
      ...imitationsOf('unpaired').filter((copy) => copy !== 'unpaired~imitated-1000'),
      ...imitationsOf('stranger').filter((copy) => copy !== 'stranger~imitated-10000'),
    ]);
    const through = adaptiveOf(campaign).filter(({ surrogate }) => surrogate?.name === 'taught');
    // The file attacks through it by pgd and p-rgf itself; as it is no stranger, it is sent nothing of the target's.
    expect(namesOf(through)).toEqual(['mi-fgsm taught → full 500']);
    expect(
      adaptiveOf(campaign)
        .filter(({ target }) => target !== 'full')
        .map(({ target }) => target),
    ).toEqual([...['unpaired', 'unpaired', 'stranger', 'stranger']]);
    const ensembles = adaptiveOf(campaign).filter(({ surrogate }) => surrogate?.models.length === 2);
    expect(new Set(ensembles.map(({ surrogate }) => surrogate?.name))).toEqual(
      new Set(['unpaired+stranger']),
    );
  });

  test('has no defence for a stranger, also where it was made of a model that was one', () => {
    const models = `
  own: { file: own.onnx }
  own-unpaired: { unpair: { of: own, from: full, teacher: [from, of] } }`;
    const campaign = defend({ models, surrogates: '[own-unpaired, own]' });
    const defended = ['own-unpaired[teacher=from]', 'own-unpaired[teacher=of]'];
    expect(campaign.adaptive.defences.map(({ sibling }) => sibling)).toEqual(defended);
    expect(addedTo(campaign)).toEqual(
      [defended[0], 'own', defended[1]].flatMap((name) => imitationsOf(name ?? '')),
    );
    const ensembles = adaptiveOf(campaign).filter(({ surrogate }) => surrogate?.models.length === 2);
    expect(new Set(ensembles.map(({ surrogate }) => surrogate?.name))).toEqual(
      new Set(defended.map((name) => `${name}+own`)),
    );
  });

  test('grows with strangers no further than two', () => {
    const strangers = ['a', 'b', 'c', 'd'];
    const models = `\n  unpaired: { unpair: { of: int8, from: full } }${strangers.map((name) => `\n  ${name}: { file: ${name}.onnx }`).join('')}`;
    const sizes = [1, 2, 3, 4].map((count) => {
      const campaign = defend({ models, surrogates: `[unpaired, ${strangers.slice(0, count).join(', ')}]` });
      return adaptiveOf(campaign).length;
    });
    expect(sizes[1]).toBeGreaterThan(sizes[0] ?? 0);
    expect(sizes.slice(2)).toEqual([sizes[1], sizes[1]]);
    const four = defend({ models, surrogates: '[unpaired, a, b, c, d]' });
    expect(addedTo(four)).toEqual([...imitationsOf('unpaired'), ...imitationsOf('a'), ...imitationsOf('b')]);
  });

  test('is no surrogate of the file, and imitating strangers try no defence', () => {
    const campaign = defend();
    expect(campaign.surrogates.map(({ name }) => name)).toEqual(['int8', 'int8-unpaired', 'stranger']);
    const tried = planCampaign(campaign).adaptive.map(({ cell }) => cell.surrogate.name);
    expect(tried).toContain('int8-unpaired~imitated-1000');
    expect(tried.filter((name) => name.startsWith('stranger~') || /~.*\+|\+.*~/.test(name))).toEqual([]);
  });

  test('is no part of all pairs of similarity', () => {
    const text = defendFile().replace('threat:', 'similarity: { pairs: all }\nthreat:');
    const parsed = parseCampaign(text);
    const plan = planCampaign(parsed.ok ? parsed.campaign : defend());
    const compared = Array.from({ length: plan.size }, (_, index) => plan.task(index)).flatMap((task) =>
      task.kind === 'similarity' ? [task.surrogate.name, task.target] : [],
    );
    expect(compared.length).toBeGreaterThan(0);
    expect(compared.filter((name) => name.includes('~'))).toEqual([]);
  });

  test('does not depend on shards, and leaves the cells of the file as they are, whatever that is', () => {
    const attack = fc.constantFrom('pgd', 'mi-fgsm', 'di-fgsm', 'vmi-fgsm', 'rgf', 'p-rgf', 'square');
    const attacks = fc.uniqueArray(attack, { minLength: 1 });
    fc.assert(
      fc.property(attacks, fc.integer({ min: 1, max: 90 }), (names, samples) => {
        const campaign = defend({ attacks: `[${names.join(', ')}]`, samples });
        const { cells, adaptive } = planCampaign(campaign);
        const plain = planCampaign({ ...campaign, adaptive: { defences: [], attacks: [] } }).cells;
        expect(cells.slice(0, plain.length)).toEqual(plain);
        expect(new Set(cells.map(({ id }) => id)).size).toBe(cells.length);
        expect(cells.every((cell) => cell.samples <= samples)).toBe(true);
        expect(planCampaign({ ...campaign, shardSize: 7 }).cells).toEqual(cells);
        expect(adaptive.some(({ cell }) => cell.attack === 'p-rgf')).toBe(names.includes('p-rgf'));
      }),
      { numRuns: 30 },
    );
  });
});

describe('a bad file gets one sentence', () => {
  const sentences = (models: string): readonly string[] => {
    const parsed = parseCampaign(defendFile({ models, surrogates: '[int8, stranger]' }));
    return parsed.ok ? [] : parsed.violations.map(violationSentence);
  };

  test.each([
    [
      'adaptive that is no truth',
      '\n  u: { unpair: { of: full, from: full, adaptive: maybe } }',
      'models.u.unpair.adaptive must be true or false, got "maybe".',
    ],
    [
      'adaptive where nothing is defended',
      '\n  u: { prune: { of: full, adaptive: true } }',
      /^models\.u\.prune\.adaptive is not a known key/,
    ],
    [
      'no queries',
      '\n  u: { imitate: { of: int8, from: full, queries: 0 } }',
      'models.u.imitate.queries must be an integer of at least 1, got 0.',
    ],
    [
      'samples, which queries say',
      '\n  u: { imitate: { of: int8, from: full, samples: 10 } }',
      /^models\.u\.imitate\.samples is not a known key/,
    ],
    ['nobody to imitate', '\n  u: { imitate: { of: int8 } }', /^models\.u\.imitate\.from is missing/],
    [
      'a copy of what is made of it',
      '\n  u: { imitate: { of: full, from: v } }\n  v: { quantize: { of: u } }',
      'models.u.imitate.from must not be made of the model itself, got "v".',
    ],
    ['a name of the plan’s', '\n  a~b: { quantize: { of: full } }', /^models\.a~b must be called by a name/],
  ])('for %s', (_, models, expected) => {
    const [sentence, ...more] = sentences(models);
    expect(more).toEqual([]);
    expect(sentence).toMatch(typeof expected === 'string' ? new RegExp(`^${escaped(expected)}$`) : expected);
  });

  test('for more defences than can be tried', () => {
    const names = Array.from({ length: 3000 }, (_, index) => `u${index}`);
    const models = names.map((name) => `\n  ${name}: { unpair: { of: full, from: full } }`).join('');
    const epsilon = '[1/255, 2/255, 3/255, 4/255, 5/255]';
    const parsed = parseCampaign(
      defendFile({ models, surrogates: `[${names.join(', ')}]`, epsilon, attacks: '[pgd]' }),
    );
    expect(parsed.ok ? [] : parsed.violations.map(violationSentence)).toEqual([
      'attacks must keep what tries 3000 defences within 100000 cells, got at least 150000: set adaptive: false where models are unpaired.',
    ]);
  });
});

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
