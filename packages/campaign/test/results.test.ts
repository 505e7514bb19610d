import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  accuracyKind,
  alignmentKind,
  attackKind,
  similarityKind,
  type SimilarityInputs,
  type SimilarityRow,
} from '@unpair/measurements';
import type { RowGroup } from '../src/index.js';
import { ResultsDigest, resultsDigest } from '../src/index.js';
import { MemoryResults } from './memory-results.js';
import { attackRow, similarityRow } from './rows.js';

const groups: readonly RowGroup[] = [
  {
    kind: 'accuracy',
    model: 'full',
    rows: Array.from({ length: 20 }, (_, sample) => ({ sample, label: sample % 10, predicted: 3 })),
  },
  {
    kind: 'similarity',
    surrogate: 'int8',
    target: 'full',
    inputs: 'clean',
    rows: Array.from({ length: 20 }, (_, sample) =>
      similarityRow(sample, {
        cosine: sample === 5 ? Number.NaN : (sample % 7) / 7,
        surrogateNorm: 1 / (sample + 1),
        targetNorm: sample,
        agree: sample % 3 === 0,
      }),
    ),
  },
  {
    kind: 'alignment',
    surrogate: 'int8',
    target: 'full',
    rows: [0, 16].map((sample) => ({ sample, cross: 1, surrogate: 2, target: 3 + sample })),
  },
  ...['rgf/full/-', 'pgd/full/int8'].map((cell): RowGroup => ({
    kind: 'attack',
    cell,
    rows: Array.from({ length: 20 }, (_, sample) =>
      attackRow(sample, { queries: sample * 7, l2: Math.sqrt(sample) }),
    ),
  })),
];

/** Cuts a group's rows into shards of the given size. */
function cut(group: RowGroup, size: number): readonly RowGroup[] {
  return Array.from({ length: Math.ceil(group.rows.length / size) }, (_, index) => {
    const slice = <T>(rows: readonly T[]): readonly T[] => rows.slice(index * size, (index + 1) * size);
    if (group.kind === 'accuracy') return { ...group, rows: slice(group.rows) };
    if (group.kind === 'similarity') return { ...group, rows: slice(group.rows) };
    if (group.kind === 'alignment') return { ...group, rows: slice(group.rows) };
    if (group.kind === 'masking') return { ...group, rows: slice(group.rows) };
    return { ...group, rows: slice(group.rows) };
  });
}

describe('the digest of the results', () => {
  const expected = resultsDigest(groups);

  test('is the same for any sharding and any order of arrival', () => {
    const shuffledShards = fc.integer({ min: 1, max: 25 }).chain((size) => {
      const shards = groups.flatMap((group) => cut(group, size));
      return fc.shuffledSubarray(shards, { minLength: shards.length });
    });
    fc.assert(
      fc.property(shuffledShards, (shards) => {
        expect(resultsDigest(shards)).toBe(expected);
      }),
      { numRuns: 50 },
    );
  });

  test('is the same when groups are taken in one by one', () => {
    const digest = new ResultsDigest();
    for (const group of groups.toReversed()) digest.add(group);
    expect(digest.hex()).toBe(expected);
  });

  test('is the one that this encoding has always had', () => {
    expect(expected).toBe('46628e026051c096e35d8cbcfdaa92ff03b787d6cf46fecf5614cac2774b35e4');
  });

  test('changes with any column of any row', () => {
    const row = attackRow(3, {});
    const changes = [
      { label: 1 },
      { cleanCorrect: false },
      { surrogateCorrect: false },
      { success: false },
      { successRounded: false },
      { queries: 8 },
      { surrogateQueries: 8 },
      { linf: 0.5 },
      { l2: 0.5 },
      { sample: 4 },
    ];
    const digests = [{}, ...changes].map((change) =>
      resultsDigest([{ kind: 'attack', cell: 'a', rows: [{ ...row, ...change }] }]),
    );
    expect(new Set(digests).size).toBe(digests.length);
  });

  test('changes with any column of any measure of similarity, and with the inputs', () => {
    const later = ['surrogateInvalid', 'targetInvalid', 'hogCosine', 'edgeIou'];
    const digested = Object.entries(similarityRow(3, {})).filter(([field]) => !later.includes(field));
    const digestOf = (inputs: SimilarityInputs, change: Partial<SimilarityRow>): string =>
      resultsDigest([
        { kind: 'similarity', surrogate: 'a', target: 'b', inputs, rows: [similarityRow(3, change)] },
      ]);
    const digests = [
      digestOf('clean', {}),
      digestOf('noised', {}),
      ...digested.map(([key, value]) =>
        digestOf('clean', { [key]: typeof value === 'number' ? value + 1 : !value }),
      ),
    ];
    expect(new Set(digests).size).toBe(digests.length);
    expect(digests).toHaveLength(11);
  });

  test('does not count groups without rows', () => {
    expect(resultsDigest([...groups, { kind: 'attack', cell: 'later', rows: [] }])).toBe(expected);
  });

  test('refuses a shard that comes twice', () => {
    const [first] = groups;
    if (first === undefined) throw new Error('there are groups');
    expect(() => resultsDigest([...groups, first])).toThrow('sample 0 has two rows in "accuracy full"');
    const digest = new ResultsDigest();
    digest.add(first);
    expect(() => {
      digest.add(first);
    }).toThrow('the rows of "accuracy full" were added twice');
  });
});

test('results in memory give back what was added, group by group', async () => {
  const results = new MemoryResults();
  for (const shard of groups.flatMap((group) => cut(group, 6))) results.add(shard);
  const pair = { surrogate: 'int8', target: 'full' };
  expect(await results.rows(accuracyKind, { model: 'full' })).toEqual(groups[0]?.rows);
  expect(await results.rows(similarityKind, { ...pair, inputs: 'clean' })).toEqual(groups[1]?.rows);
  expect(await results.rows(alignmentKind, pair)).toEqual(groups[2]?.rows);
  expect(await results.rows(attackKind, { cell: 'rgf/full/-' })).toEqual(groups[3]?.rows);
  expect(await results.rows(attackKind, { cell: 'none' })).toEqual([]);
  expect(await results.rows(accuracyKind, { model: 'none' })).toEqual([]);
  expect(await results.rows(similarityKind, { ...pair, inputs: 'noised' })).toEqual([]);
});
