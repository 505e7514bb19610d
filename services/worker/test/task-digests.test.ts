import type { Task } from '@unpair/protocol';
import { expect, test } from 'vitest';
import { digestsOf } from '../src/agent/task-digests.js';

const model = (id: string) => ({ id, digest: `of ${id}` });
const samples = { digest: 'samples', first: 0, count: 8 };

function digestsFor(work: Task['work']): readonly string[] {
  return digestsOf({ campaignId: 'c', index: 0, round: 0, generation: 0, seed: 1, work });
}

test('a task needs every model and all samples that its work names, each once', () => {
  const attack = { cell: 'c', attack: 'pgd', parameters: '{}', norm: 'linf', epsilon: 0.1, reach: '' };
  const surrogates = [model('int8'), model('full')];
  const value = { ...attack, target: model('full'), surrogates, samples };
  expect(new Set(digestsFor({ $case: 'attack', value }))).toEqual(new Set(['of full', 'of int8', 'samples']));
  expect(digestsFor({ $case: 'attack', value })).toHaveLength(3);
});

test('what a derivation leaves out, or names without a digest, is not fetched', () => {
  const calibration = { digest: '', first: 0, count: 8 };
  const heldOut = { digest: 'held', first: 0, count: 8 };
  const about = { model: 'int8', kind: 'quantize', parameters: '{}', of: model('full'), from: undefined };
  expect(digestsFor({ $case: 'derive', value: { ...about, calibration, heldOut } })).toEqual([
    'of full',
    'held',
  ]);
  expect(digestsFor(undefined)).toEqual([]);
});
