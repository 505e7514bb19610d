import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Campaign, PlannedTask } from '../src/index.js';
import { planCampaign } from '../src/index.js';
import { BUILT_IN } from '../src/built-in.js';
import { fileWith, parsed, sentences, valid, catalogue } from './fixtures.js';

function tasksOf(campaign: Campaign): readonly PlannedTask[] {
  const plan = planCampaign(campaign, catalogue);
  return Array.from({ length: plan.size }, (_, index) => plan.task(index));
}

/** What a task covers, sample by sample, under a key that does not know about shards. */
function coverage(task: PlannedTask): readonly string[] {
  if (task.kind === 'derive') return [`derive ${task.model}`];
  if (task.kind === 'prepare') return [`prepare ${task.cell.id}`];
  if (task.kind === 'alignment') return [`alignment ${task.surrogate} ${task.target} ${task.samples.count}`];
  const key =
    task.kind === 'accuracy'
      ? `accuracy ${task.model}`
      : task.kind === 'similarity'
        ? `similarity ${task.inputs} ${task.surrogate.name} ${task.target}`
        : task.kind === 'masking'
          ? `masking ${task.model}`
          : task.cell.id;
  return Array.from({ length: task.samples.count }, (_, k) => `${key} ${task.samples.first + k}`);
}

describe('a plan', () => {
  const campaign = parsed(valid);

  test('has its stages in order, and cheap attacks before those that query', () => {
    const heads = tasksOf({ ...campaign, shardSize: 60 }).map((task) =>
      task.kind === 'attack'
        ? task.cell.id
        : [task.kind, ...(task.kind === 'similarity' ? [task.inputs] : []), ...task.needs].join(' '),
    );
    expect(heads).toEqual([
      'derive',
      'accuracy',
      'accuracy int8',
      'accuracy',
      'similarity clean int8',
      'similarity noised int8',
      'similarity adversarial int8',
      'alignment int8',
      'similarity clean',
      'similarity noised',
      'similarity adversarial',
      'alignment',
      'pgd/full/int8/linf=0.03137254901960784/{"randomStart":true,"stepSize":0.00784313725490196,"steps":10}',
      'pgd/full/stranger/linf=0.03137254901960784/{"randomStart":true,"stepSize":0.00784313725490196,"steps":10}',
      'pgd/full/int8/linf=0.03137254901960784/{"randomStart":true,"stepSize":0.00784313725490196,"steps":40}',
      'pgd/full/stranger/linf=0.03137254901960784/{"randomStart":true,"stepSize":0.00784313725490196,"steps":40}',
      'rgf/full/-/linf=0.03137254901960784/{"budget":500}',
      'p-rgf/full/int8/linf=0.03137254901960784/{"budget":500}',
      'p-rgf/full/stranger/linf=0.03137254901960784/{"budget":500}',
    ]);
  });

  test('gives every cell the goal, those that try a defence among them', () => {
    const file = fileWith('  safe: { unpair: { of: full, from: full } }', { surrogates: '[safe]' });
    const campaign = parsed(file.replace('8/255 }', '8/255, goal: { reach: next } }'), BUILT_IN);
    const { cells } = planCampaign(campaign);
    expect(cells.some(({ adaptive }) => adaptive)).toBe(true);
    for (const { goal } of cells) expect(goal).toEqual({ reach: 'next' });
  });

  test('derives models after what they derive from, whatever the order of the file', () => {
    const file = valid.replace('  full:', '  twice: { quantize: { of: int8, weights: 4 } }\n  full:');
    const derived = tasksOf(parsed(file)).filter((task) => task.kind === 'derive');
    expect(derived).toMatchObject([
      { index: 0, model: 'int8', of: 'full', recipe: 'quantize', needs: [] },
      { index: 1, model: 'twice', of: 'int8', needs: ['int8'], parameters: { weights: 4 } },
    ]);
  });

  test('names what an attack needs, once', () => {
    const file = valid.replace('targets: [full]', 'targets: [full, int8]');
    const needs = tasksOf(parsed(file)).flatMap((task) =>
      task.kind === 'attack' && task.cell.surrogate?.name === 'int8' ? [task.needs] : [],
    );
    expect(needs.length).toBeGreaterThan(0);
    expect(new Set(needs.map(String))).toEqual(new Set(['int8']));
  });

  test('has one cell for points that differ in the file alone, over the larger number of samples', () => {
    const file = valid.replace(
      /attacks:[^]*/,
      'attacks: [{ pgd: {}, firstSamples: 20 }, { pgd: { stepSize: 2/255 }, firstSamples: 30 }]\n',
    );
    expect(
      planCampaign(parsed(file), catalogue).cells.map(({ surrogate, samples }) => [surrogate?.name, samples]),
    ).toEqual([
      ['int8', 30],
      ['stranger', 30],
    ]);
  });

  test('compares every two models when asked to, each pair once, and on clean inputs alone when that is enough', () => {
    const pairs = (section: string): readonly string[] =>
      tasksOf({ ...parsed(valid.replace('threat:', `${section}\nthreat:`)), shardSize: 60 }).flatMap(
        (task) =>
          task.kind === 'similarity' ? [`${task.surrogate.name} ${task.target} ${task.inputs}`] : [],
      );
    expect(pairs('similarity: { pairs: all, perturbed: false }')).toEqual([
      'int8 full clean',
      'stranger full clean',
      'full int8 clean',
      'stranger int8 clean',
      'full stranger clean',
      'int8 stranger clean',
    ]);
    expect(pairs('similarity: { pairs: all }')).toHaveLength(18);
  });

  test('measures similarity at the largest epsilon', () => {
    const tasks = tasksOf(parsed(valid.replace('epsilon: 8/255', 'norm: l2, epsilon: [0.5, 2, 1]')));
    const similarity = tasks.filter((task) => task.kind === 'similarity');
    expect(new Set(similarity.map(({ threat }) => `${threat.norm} ${threat.epsilon}`))).toEqual(
      new Set(['l2 2']),
    );
  });

  test('an ensemble needs its members, is attacked and compared like a model, and has no features of its own', () => {
    const file = valid.replace('[int8, stranger]', '[stranger, { ensemble: [int8, stranger] }]');
    const tasks = tasksOf({ ...parsed(file), shardSize: 60 });
    const own = tasks.filter((task) => task.kind === 'similarity' && task.surrogate.name === 'int8+stranger');
    expect(own.map(({ kind, needs }) => [kind, ...needs])).toEqual(Array(3).fill(['similarity', 'int8']));
    const aligned = tasks.flatMap((task) => (task.kind === 'alignment' ? [task.surrogate] : []));
    expect(aligned).toEqual(['stranger']);
    const cells = planCampaign(parsed(file), catalogue).cells;
    expect(new Set(cells.map(({ surrogate }) => surrogate?.name ?? null))).toEqual(
      new Set(['stranger', 'int8+stranger', null]),
    );
    const attack = tasks.find(
      (task) => task.kind === 'attack' && task.cell.surrogate?.name === 'int8+stranger',
    );
    expect(attack?.needs).toEqual(['int8']);
  });

  test('refuses an index that is not in it', () => {
    const plan = planCampaign(campaign, catalogue);
    for (const index of [-1, 0.5, plan.size, Number.NaN]) {
      expect(() => plan.task(index)).toThrow(`task index must be an integer from 0 to ${plan.size - 1}`);
    }
  });

  test('covers each sample of each cell and measure exactly once, for any shard size', () => {
    const whole = tasksOf({ ...campaign, shardSize: Number.MAX_SAFE_INTEGER })
      .flatMap(coverage)
      .sort();
    expect(new Set(whole).size).toBe(whole.length);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), (shardSize) => {
        const tasks = tasksOf({ ...campaign, shardSize });
        expect(tasks.map((task) => task.index)).toEqual(tasks.map((_, index) => index));
        expect(tasks.flatMap(coverage).sort()).toEqual(whole);
      }),
      { numRuns: 40 },
    );
  });

  test('of ten million tasks answers at once', () => {
    const huge: Campaign = {
      ...campaign,
      dataset: { ...campaign.dataset, samples: 2_000_000 },
      shardSize: 1,
    };
    const attacks = huge.attacks.map((entry) => ({ ...entry, samples: 2_000_000 }));
    const plan = planCampaign({ ...huge, attacks }, catalogue);
    expect(plan.size).toBe(1 + 9 * 2_000_000 + 2 + 7 * 2_000_000);
    expect(plan.task(plan.size - 1)).toMatchObject({
      kind: 'attack',
      cell: { attack: 'p-rgf', surrogate: { name: 'stranger' } },
      samples: { first: 1_999_999, count: 1 },
    });
  });
});

test('an attack that is chosen by a trial waits for it, and leaves its samples out', () => {
  const text = valid.replace(/attacks:[\s\S]*$/, 'attacks: [auto: {trial: 4}, auto-unaided: {trial: 4}]\n');
  const campaign = parsed(text, BUILT_IN);
  const plan = planCampaign({ ...campaign, shardSize: 7 });
  const tasks = Array.from({ length: plan.size }, (_, index) => plan.task(index));
  const [cell] = plan.cells;
  const own = tasks.filter((task) => 'cell' in task && task.cell === cell);
  const [prepare, first] = own;
  expect(prepare).toMatchObject({ kind: 'prepare', samples: { first: 0, count: 4 } });
  expect(first).toMatchObject({ kind: 'attack', samples: { first: 4, count: 7 } });
  expect(first?.needs).toEqual([...(prepare?.needs ?? []), cell?.id]);
  const samples = own.slice(1).flatMap((task) => ('samples' in task ? [task.samples.count] : []));
  expect(samples.reduce((sum, count) => sum + count)).toBe(campaign.dataset.samples - 4);
  const small = text.replace(/trial: 4/g, `trial: ${campaign.dataset.samples}`);
  expect(sentences(small, BUILT_IN)[0]).toContain('must leave samples to attack: trial is');
});
