import { expect, test } from 'vitest';
import { parseCampaign } from '../src/index.js';

const keys = (count: number): string => Array.from({ length: count }, (_, k) => `k${k}: 1`).join('\n');

test('a file of forty thousand unknown keys is refused at once, with the first problems and how many more', () => {
  const start = performance.now();
  const parsed = parseCampaign(keys(40_000));
  const seconds = (performance.now() - start) / 1_000;
  if (parsed.ok) throw new Error('it is no campaign');
  expect(parsed.violations).toHaveLength(21);
  // Of the first line: what is missing points at the whole.
  expect(parsed.violations[19]).toMatchObject({ field: expect.stringMatching(/^k\d+$/) as string });
  expect(parsed.violations[20]?.description).toMatch(
    /^has 399\d\d more problems$|^has 40\d{3} more problems$/,
  );
  expect(seconds).toBeLessThan(10);
});
