import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BUILT_IN, parseCampaign, planCampaign } from '../src/index.js';

const root = new URL('../../../', import.meta.url);

function read(path: string): string {
  return readFileSync(new URL(path, root), 'utf8');
}

describe('every example is a campaign', () => {
  const examples = readdirSync(new URL('examples', root)).filter((file) => file.endsWith('.yaml'));

  test.each(examples)('%s', (file) => {
    const result = parseCampaign(read(`examples/${file}`));
    expect(result.ok ? [] : result.violations).toEqual([]);
  });

  test('and the quickstart has the cells that its report compares', () => {
    const result = parseCampaign(read('examples/quickstart.yaml'));
    if (!result.ok) throw new Error('the quickstart is not a campaign');
    const { cells } = planCampaign(result.campaign);
    const names = new Set(cells.map(({ attack, surrogate }) => `${attack} ${surrogate ?? '-'}`));
    expect([...names].sort()).toEqual([
      'mi-fgsm int8',
      'mi-fgsm stranger',
      'p-rgf int8',
      'p-rgf stranger',
      'pgd int8',
      'pgd stranger',
      'rgf -',
      'square -',
    ]);
    expect(cells).toHaveLength(16);
  });
});

test('the example in the documentation of the campaign file is a campaign', () => {
  const [, block] = /```yaml\n([\s\S]*?)```/.exec(read('docs/campaign-file.md')) ?? [];
  const result = parseCampaign(block ?? '');
  expect(result.ok ? [] : result.violations).toEqual([]);
});

test('the documentation of the report names every field that a report has', () => {
  const documented = read('docs/report.md');
  const source = read('packages/campaign/src/report/report.ts');
  const fields = [...source.matchAll(/^ {2}readonly (\w+):/gm)].map(([, field]) => field ?? '');
  expect(fields.length).toBeGreaterThan(40);
  expect(fields.filter((field) => !new RegExp(`\\b${field}\\b`).test(documented))).toEqual([]);
});

test('the documentation of the campaign file names every attack, sibling and parameter', () => {
  const documented = read('docs/campaign-file.md');
  const words = [...BUILT_IN.attacks, ...BUILT_IN.siblings].flatMap(({ name, parameters }) => [
    name,
    ...Object.keys(parameters),
  ]);
  expect(words.filter((word) => !documented.includes(`\`${word}\``))).toEqual([]);
});
