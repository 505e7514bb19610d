import type { Cell } from '@unpair/campaign';
import type { TaskResult } from '@unpair/protocol';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { outcomeOf } from '../src/campaigns/outcome.js';
import { ResultStore } from '../src/results/result-store.js';

const folders: string[] = [];

afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'unpair-store-'));
  folders.push(folder);
  return folder;
}

type Outcome = Exclude<TaskResult['outcome'], undefined>;

/** Takes in one result after the other. */
function addAll(store: ResultStore, outcomes: readonly Outcome[]): void {
  const about = { campaignId: 'c', generation: 0, worker: 'w', runtime: 'r', seconds: 1 };
  outcomes.forEach((outcome, index) => {
    const result = { ...about, index, outcome };
    store.addResult(result, outcomeOf(result, index + 1, new Date(0)));
  });
}

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
        { sample: 1, cleanCorrect: true, unbounded: false, gradient: true, random: false, lossRises: true },
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
        },
      ],
    },
  },
];

const cell: Cell = {
  ...{ id: 'id', target: 'full', surrogate: 'int8', attack: 'rgf', parameters: { budget: 9 } },
  ...{ norm: 'linf', epsilon: 0.125, usesQueries: true, withoutPrior: null, samples: 1, adaptive: false },
};

test('every kind of rows is stored and exported under the names it has always had', async () => {
  const folder = await newFolder();
  await using store = await ResultStore.open({ path: join(folder, 'results.duckdb'), streamId: 's' });
  await store.describeCells('c', [cell]);
  addAll(store, outcomes);
  const exported: Record<string, string> = {};
  for (const table of ['attacks', 'accuracy', 'similarity', 'alignment', 'masking'] as const) {
    const file = join(folder, table);
    await store.export('c', table, 'csv', file);
    exported[table] = await readFile(file, 'utf8');
  }
  expect(exported).toMatchInlineSnapshot(`
    {
      "accuracy": "model,sample,label,predicted
    full,1,2,3
    ",
      "alignment": "surrogate,target,sample,hsic_cross,hsic_surrogate,hsic_target
    int8,full,16,0.25,0.5,0.75
    ",
      "attacks": "target,surrogate,attack,parameters,norm,epsilon,sample,label,clean_correct,surrogate_correct,success,success_rounded,queries,surrogate_queries,linf,l2,cell
    full,int8,rgf,"{""budget"":9}",linf,0.125,1,2,true,false,true,false,34,5,0.25,0.5,id
    ",
      "masking": "model,sample,clean_correct,unbounded,gradient,random,loss_rises
    int8,1,true,false,true,false,true
    ",
      "similarity": "surrogate,target,inputs,sample,cosine,surrogate_norm,target_norm,agree,kl_divergence,logit_correlation,surrogate_curvature,target_curvature
    int8,full,noised,1,,0.25,0.5,true,0.75,1.25,1.5,1.75
    ",
    }
  `);
});
