import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { isPromtoolInstalled, prometheusFolder, promtool } from './promtool.js';

const without = !isPromtoolInstalled();
const suffix = without ? ' (skipped: promtool is not installed)' : '';

describe.skipIf(without)(`Prometheus${suffix}`, () => {
  test('the configuration is valid and its rules are found', () => {
    expect(promtool('check', 'config', 'prometheus.yaml')).toContain('SUCCESS');
  });

  test('alerts fire when they should, and only then', () => {
    expect(promtool('test', 'rules', 'rules.test.yaml')).toContain('SUCCESS');
  });
});

interface Rule {
  readonly alert?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

const alerts = readdirSync(`${prometheusFolder}rules`).flatMap((file) => {
  const rules = parse(readFileSync(`${prometheusFolder}rules/${file}`, 'utf8')) as {
    readonly groups: readonly { readonly rules: readonly Rule[] }[];
  };
  return rules.groups.flatMap((group) => group.rules).filter(({ alert }) => alert !== undefined);
});
const runbooks = readFileSync(new URL('../../docs/runbooks.md', import.meta.url), 'utf8');
const sections = [...runbooks.matchAll(/^## (.+)$/gm)].map(([, title = '']) => title);

test('every alert says what is wrong, how bad it is, and has a section of the runbooks', () => {
  for (const { alert = '', labels, annotations } of alerts) {
    expect(labels?.['severity']).toMatch(/^(warning|critical)$/);
    expect(annotations).toMatchObject({
      summary: expect.stringMatching(/\.$/) as string,
      description: expect.stringMatching(/\.$/) as string,
      runbook_url: `docs/runbooks.md#${alert.toLowerCase()}`,
    });
  }
  expect(sections.toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted());
});
