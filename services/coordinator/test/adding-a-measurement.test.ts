import { resultsDigest, type RowGroup } from '@unpair/campaign';
import type * as measurements from '@unpair/measurements';
import type { RowKind } from '@unpair/measurements';
import { createHash } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import type { ExportTable } from '../src/results/schema.js';
import { StoredResults } from '../src/results/stored-results.js';
import { storeOf, type Outcome } from './support/store.js';

/** A measurement that nobody has: how sure a model is of a sample, in a column of every type. */
const kind = vi.hoisted(
  () =>
    ({
      name: 'confidence',
      table: 'confidence',
      noun: 'confidence',
      reportedAs: '`models[].confidence`',
      key: { model: { description: 'the model' } },
      models: { model: 'model' },
      columns: {
        predicted: { type: 'int32', description: 'class that it predicts' },
        flopsSpent: { type: 'int64', description: 'operations spent' },
        margin: { type: 'double', description: 'difference of its two largest logits' },
        isSure: { type: 'boolean', description: 'whether that is much' },
        group: { type: 'text', column: 'group', description: 'a word of SQL' },
        later: { type: 'double', description: 'came later', digested: false },
      },
    }) as const satisfies RowKind,
);

vi.mock('@unpair/measurements', async (original) => {
  const those = await original<typeof measurements>();
  return { ...those, ROW_KINDS: [...those.ROW_KINDS, kind] };
});

const rows = [
  { sample: 0, predicted: 3, flopsSpent: 2 ** 40, margin: 0.5, isSure: true, group: 'a b', later: 1 },
  { sample: 1, predicted: 4, flopsSpent: 5, margin: Number.NaN, isSure: false, group: '', later: 2 },
];
const shard: unknown = { kind: 'confidence', model: 'full', rows };
const outcome: unknown = { $case: 'confidence', value: { model: 'full', rows } };

test('a kind that is in the list is stored, read back and exported', async () => {
  await using opened = await storeOf([outcome as Outcome]);
  expect(await new StoredResults(opened.store, 'c').rows(kind, { model: 'full' })).toEqual(rows);
  expect(await opened.csv('confidence' as ExportTable)).toBe(
    'model,sample,predicted,flops_spent,margin,is_sure,group,later\n' +
      'full,0,3,1099511627776,0.5,true,a b,1.0\n' +
      'full,1,4,5,,false,"",2.0\n',
  );
});

test('its rows enter the digest, but for a column that came later', () => {
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  const lines = '0 3 1099511627776 0.5 1 "a b"\n1 4 5 NaN 0 ""\n';
  expect(resultsDigest([shard as RowGroup])).toBe(sha256(`confidence full ${sha256(lines)}\n`));
});
