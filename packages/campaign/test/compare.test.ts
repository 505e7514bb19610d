import { expect, test } from 'vitest';
import type { Report } from '../src/index.js';
import { compareReports, renderComparison } from '../src/index.js';
import { report } from './small-report.js';

/** The small report after another run, of another seed and file, in which one attack came much further. */
async function another(): Promise<readonly [Report, Report]> {
  const first = await report();
  const known = { value: 0.5, low: 0.45, high: 0.55 };
  const further = { value: 0.7, low: 0.65, high: 0.74 };
  const [rgf] = first.attacks.filter(({ attack }) => attack === 'rgf');
  if (rgf === undefined) throw new Error('the report has an rgf');
  const others = first.attacks.filter((attack) => attack !== rgf);
  const before = { ...first, attacks: [{ ...rgf, success: known }, ...others] };
  const provenance = {
    ...first.provenance,
    seed: 8,
    file: first.provenance.file?.replace('samples: 60', 'samples: 90') ?? null,
  };
  const after = { ...first, provenance, attacks: [{ ...rgf, success: further }, ...others.slice(1)] };
  return [before, after];
}

test('a report beside itself has nothing that differs', async () => {
  const first = await report();
  const { setup, attacks, alone } = compareReports(first, first);
  expect([setup, alone]).toEqual([[], [[], []]]);
  expect(attacks).toHaveLength(first.attacks.length);
  for (const { difference } of attacks) expect(difference?.value ?? 0).toBe(0);
  expect(renderComparison(compareReports(first, first), { width: 80, color: false })).toMatch(
    /^Both were set up alike\.\n0 of \d+ success rates differ/,
  );
});

test('what differs beyond chance is marked, and what in the setup is said', async () => {
  const [before, after] = await another();
  const compared = compareReports(before, after);
  expect(compared.setup).toContain('seed: 7 and 8');
  expect(compared.alone[0]).toHaveLength(1);
  const text = renderComparison(compared, { width: 80, color: false });
  expect(text).toMatch(/^1 of \d+ success rates differ beyond/);
  expect(text).toMatch(/^rgf .*50\.0 % → 70\.0 % +\+20\.0 \[12\.9, 26\.4\] \*/m);
  // Names of cells stay whole.
  const lines = text.split('\n').filter((line) => !line.includes('linf='));
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});
