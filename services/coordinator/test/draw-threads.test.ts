import { DRAWS } from '@unpair/campaign';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { DrawThreads } from '../src/results/draw-threads.js';

const samples = Array.from({ length: 4_000 }, (_, at) => at);
const costs = (factor: number): Float64Array => Float64Array.from(samples, (at) => 1 + ((at * factor) % 97));
const search = {
  seed: 1,
  stream: 'a over b',
  costs: { own: { costs: costs(7), budget: 1_000 }, base: { costs: costs(5), budget: 1_000 } },
  successes: {
    own: Uint8Array.from(samples, (at) => Number(at % 3 === 0)),
    base: Uint8Array.from(samples, (at) => Number(at % 2 === 0)),
  },
};

test('a thread draws what would be drawn here, bit for bit, and the event loop turns meanwhile', async () => {
  const { draw } = new DrawThreads();
  let turns = 0;
  let isDrawn = false;
  const drawn = draw('ratios', search).finally(() => (isDrawn = true));
  // A draw here would take some hundred milliseconds without a single turn.
  for (; !(isDrawn as boolean); turns++) await turn();
  expect(await drawn).toEqual(DRAWS.ratios(search));
  expect(turns).toBeGreaterThan(100);
});

test('what was asked before is not drawn again, and what failed is asked anew', async () => {
  const { draw } = new DrawThreads();
  const small = { ...search, stream: 'other' };
  const first = draw('ratios', small);
  expect(draw('ratios', { ...small, seed: 1 })).toBe(first);
  expect(draw('ratios', { ...small, seed: 2 })).not.toBe(first);
  await first;
  const broken = { ...small, costs: undefined as never };
  const failed = draw('ratios', broken);
  await expect(failed).rejects.toThrow(TypeError);
  expect(draw('ratios', broken)).not.toBe(failed);
  await expect(draw('ratios', broken)).rejects.toThrow(TypeError);
});
