import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { RowGroup } from '../src/index.js';
import { resultsDigest } from '../src/index.js';
import { attackRow, maskingRow, similarityRow } from './rows.js';

/** One row of each kind, the group's key, and the row's line: what digests are made of, never to change. */
const pinned: readonly (readonly [group: RowGroup, key: string, line: string])[] = [
  [
    { kind: 'accuracy', model: 'full', rows: [{ sample: 12, label: 7, predicted: 9 }] },
    'accuracy full',
    '12 7 9',
  ],
  [
    {
      ...{ kind: 'similarity', inputs: 'noised', surrogate: 'int8', target: 'full' },
      rows: [
        similarityRow(3, { cosine: Number.NaN, surrogateNorm: 1e-9, agree: false, targetInvalid: true }),
      ],
    },
    'similarity noised int8 full',
    '3 NaN 1e-9 1 0 0.25 0.75 2 4',
  ],
  [
    {
      ...{ kind: 'alignment', surrogate: 'int8', target: 'full' },
      rows: [{ sample: 16, cross: -0.5, surrogate: 2, target: 1 / 3 }],
    },
    'alignment int8 full',
    '16 -0.5 2 0.3333333333333333',
  ],
  [
    {
      ...{ kind: 'masking', model: 'int8' },
      rows: [maskingRow(5, { gradient: false, random: false, gradientInvalid: true })],
    },
    'masking int8',
    '5 1 1 0 0 1',
  ],
  [
    {
      ...{ kind: 'attack', cell: 'rgf/full/-' },
      rows: [
        attackRow(8, { label: 4, successRounded: false, queries: 17, surrogateQueries: 2, zeroGradients: 2 }),
      ],
    },
    'attack rgf/full/-',
    '8 4 1 1 1 0 17 2 0.03 1',
  ],
];

test.each(pinned)('a row of %o is digested as one line of text', (group, key, line) => {
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  expect(resultsDigest([group])).toBe(sha256(`${key} ${sha256(`${line}\n`)}\n`));
});
