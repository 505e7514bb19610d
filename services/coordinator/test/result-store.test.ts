import { MAX_SHARD_SIZE, type Cell } from '@unpair/campaign';
import { columnsOf, groupKey, ROW_KINDS, type ColumnType, type RowKind } from '@unpair/measurements';
import { decodeResult, encodeResult } from '@unpair/protocol';
import { expect, test } from 'vitest';
import { outcomeOf } from '../src/campaigns/outcome.js';
import { StoredResults } from '../src/results/stored-results.js';
import { storeOf, type Outcome } from './support/store.js';

const models = { surrogate: 'int8', target: 'full' };

/** A row of each kind, no two values alike. */
const outcomes: readonly Outcome[] = [
  {
    $case: 'accuracy',
    value: {
      ...{ model: 'full', parameters: 45, nonZero: 40, macs: 90, bytes: 678 },
      rows: [{ sample: 1, label: 2, predicted: 3 }],
    },
  },
  {
    $case: 'similarity',
    value: {
      ...models,
      inputs: 'noised',
      rows: [
        {
          ...{ sample: 1, cosine: Number.NaN, surrogateNorm: 0.25, targetNorm: 0.5, agree: true },
          ...{ klDivergence: 0.75, logitCorrelation: 1.25, surrogateCurvature: 1.5, targetCurvature: 1.75 },
          ...{ surrogateInvalid: false, targetInvalid: true, hogCosine: 0.5, edgeIou: 0.25 },
        },
      ],
    },
  },
  {
    $case: 'alignment',
    value: { ...models, rows: [{ sample: 16, cross: 0.25, surrogate: 0.5, target: 0.75 }] },
  },
  {
    $case: 'masking',
    value: {
      model: 'int8',
      rows: [
        {
          ...{ sample: 1, cleanCorrect: true, unbounded: false, gradient: true, random: false },
          ...{ lossRises: true, gradientVanishes: true, gradientInvalid: false },
        },
      ],
    },
  },
  {
    $case: 'attack',
    value: {
      cell: 'id',
      rows: [
        {
          ...{ sample: 1, label: 2, cleanCorrect: true, surrogateCorrect: false, success: true },
          ...{ successRounded: false, queries: 34, surrogateQueries: 5, linf: 0.25, l2: 0.5 },
          ...{ zeroGradients: 4, invalidGradients: 3, surrogateForwards: 6 },
          ...{ distance100: 0, distance300: 4.5, distance1000: 3.5, distance3000: 2.5, distance10000: 1.5 },
        },
      ],
    },
  },
];

const cell: Cell = {
  ...{ id: 'id', target: 'full', offer: { access: 'logits' }, surrogate: { name: 'int8', models: ['int8'] } },
  ...{ attack: 'rgf', parameters: { budget: 9 }, norm: 'linf', epsilon: 0.125, goal: 'avoid' },
  ...{ budget: 9, withoutPrior: null, samples: 1, first: 0, preparation: null, adaptive: false },
};

test('every kind of rows is stored and exported under the names it has always had', async () => {
  await using opened = await storeOf(outcomes);
  await opened.store.describeCells([{ id: 'c', plan: { cells: [cell] } }]);
  const exported: Record<string, string> = {};
  for (const table of ['attacks', 'accuracy', 'similarity', 'alignment', 'masking'] as const)
    exported[table] = await opened.csv(table);
  expect(exported).toMatchInlineSnapshot(`
    {
      "accuracy": "model,sample,label,predicted
    full,1,2,3
    ",
      "alignment": "surrogate,target,sample,hsic_cross,hsic_surrogate,hsic_target
    int8,full,16,0.25,0.5,0.75
    ",
      "attacks": "target,surrogate,attack,parameters,norm,epsilon,sample,label,clean_correct,surrogate_correct,success,success_rounded,queries,surrogate_queries,linf,l2,zero_gradients,invalid_gradients,surrogate_forwards,distance100,distance300,distance1000,distance3000,distance10000,cell
    full,int8,rgf,"{""budget"":9}",linf,0.125,1,2,true,false,true,false,34,5,0.25,0.5,4,3,6,0.0,4.5,3.5,2.5,1.5,id
    ",
      "masking": "model,sample,clean_correct,unbounded,gradient,random,loss_rises,gradient_vanishes,gradient_invalid
    int8,1,true,false,true,false,true,true,false
    ",
      "similarity": "surrogate,target,inputs,sample,cosine,surrogate_norm,target_norm,agree,kl_divergence,logit_correlation,surrogate_curvature,target_curvature,surrogate_invalid,target_invalid,hog_cosine,edge_iou
    int8,full,noised,1,,0.25,0.5,true,0.75,1.25,1.5,1.75,false,true,0.5,0.25
    ",
    }
  `);
});

const ofType: Readonly<Record<ColumnType, readonly unknown[]>> = {
  int32: [7, -(2 ** 31)],
  int64: [9, 2 ** 52 + 1],
  double: [1 / 3, Number.NaN],
  boolean: [true, false],
  text: ['a', ''],
};

/** Two rows of a kind, with a value in every column. */
function rowsOf(kind: RowKind): readonly Record<string, unknown>[] {
  return [0, 1].map((at) => ({
    sample: 2 ** 40 + at,
    ...Object.fromEntries(columnsOf(kind).map(({ field, type }) => [field, ofType[type][at]])),
  }));
}

test.each(ROW_KINDS.map((kind) => [kind.name, kind] as const))(
  'rows of %s come back from the wire and from the store as they were measured',
  async (name, kind) => {
    const parts = Object.entries((kind as RowKind).key);
    const key = Object.fromEntries(parts.map(([part, { values }]) => [part, values?.[0] ?? part]));
    const sizes = { parameters: 1, bytes: 1, nonZero: 1, macs: undefined };
    const value: unknown = { ...key, ...sizes, rows: rowsOf(kind) };
    const about = { campaignId: 'c', index: 0, round: 0, generation: 0, worker: '', runtime: '', seconds: 0 };
    const sent = encodeResult({ ...about, outcome: { $case: name, value } as Outcome });
    const { outcome } = decodeResult(sent);
    expect(outcome?.value).toMatchObject({ ...key, rows: rowsOf(kind) });
    await using opened = await storeOf(outcome === undefined ? [] : [outcome]);
    const stored = new StoredResults(opened.store, 'c');
    expect(await stored.rows<RowKind>(kind, key)).toEqual(rowsOf(kind));
    const other = Object.fromEntries(Object.keys(key).map((part) => [part, 'other']));
    expect(await stored.rows<RowKind>(kind, other)).toEqual([]);
    expect(groupKey(kind, key)).not.toBe(groupKey(kind, other));
  },
);

/** The longest value of each type on the wire. */
const longest: Readonly<Record<ColumnType, unknown>> = {
  int32: 2 ** 31 - 1,
  int64: Number.MAX_SAFE_INTEGER,
  double: Math.PI,
  boolean: true,
  text: 'w'.repeat(64),
};

test.each(ROW_KINDS.map((kind) => [kind.name, kind] as const))(
  'rows of %s of the largest shard fit a message',
  (name, kind) => {
    const key = Object.fromEntries(
      Object.keys((kind as RowKind).key).map((part) => [part, 'x'.repeat(1_000)]),
    );
    const columns = columnsOf(kind).map(({ field, type }) => [field, longest[type]] as const);
    const row = { sample: Number.MAX_SAFE_INTEGER, ...Object.fromEntries(columns) };
    const rows = Array.from({ length: MAX_SHARD_SIZE }, () => row);
    const sizes = { parameters: 2 ** 50, bytes: 2 ** 50, nonZero: 2 ** 50, macs: 2 ** 50 };
    const value: unknown = { ...key, ...sizes, rows };
    const about = {
      campaignId: 'c'.repeat(22),
      index: 2 ** 52,
      round: 0,
      generation: 0,
      worker: 'w',
      runtime: 'r',
      seconds: 1,
    };
    expect(encodeResult({ ...about, outcome: { $case: name, value } as Outcome }).length).toBeLessThan(
      2 ** 20 - 2_048,
    );
  },
);

test('what is known of one campaign is read alone, and what was removed is gone for good', async () => {
  await using opened = await storeOf(outcomes);
  const { store } = opened;
  const about = { campaignId: 'other', round: 2, generation: 0, worker: 'w', runtime: 'r', seconds: 1 };
  const other = { ...about, index: 7, outcome: outcomes[0] };
  expect(store.addResult(other, outcomeOf(other, { sequence: 9, time: new Date(9) }))).toBe(true);
  expect(store.addResult(other, outcomeOf(other, { sequence: 10, time: new Date(10) }))).toBe(false);
  store.addWasted({ ...about, index: 7, queries: 5, error: '' });
  store.advance({ sequence: 10, time: new Date(10), subject: 'results.other.7.2' });
  expect(await store.tasks()).toHaveLength(outcomes.length + 1);
  expect(await store.tasks('other')).toMatchObject([{ index: 7, round: 2, sequence: 9, kind: 'done' }]);
  expect(await store.answers('other')).toEqual([
    { campaignId: 'other', model: 'full', label: 2, predicted: 3, count: 1 },
  ]);
  expect(await store.answers()).toHaveLength(2);
  expect(await store.wasted('c')).toEqual(new Map());
  expect(await store.wasted()).toEqual(new Map([['other', 5]]));
  await store.remove('other');
  expect([await store.tasks('other'), await store.answers('other')]).toEqual([[], []]);
  expect(await store.tasks('c')).toHaveLength(outcomes.length);
  expect(store.addResult(other, outcomeOf(other, { sequence: 11, time: new Date(11) }))).toBe(true);
});
