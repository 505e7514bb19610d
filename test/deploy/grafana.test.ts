import { seriesNames } from './series.js';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { dashboardJson } from '../../deploy/grafana/dashboard.js';
import { dashboardFile } from '../../deploy/grafana/generate.js';
import { sections } from '../../deploy/grafana/sections.js';

const rules = new URL('../../deploy/prometheus/rules/', import.meta.url);

function metricsIn(text: string): readonly string[] {
  return [...new Set(text.match(/\bunpair_[a-z_]+/g))];
}

test('the committed dashboard is what the code generates (else: npm run gen)', () => {
  expect(readFileSync(dashboardFile, 'utf8')).toBe(dashboardJson());
});

test('every panel says what it answers, and asks only for metrics that exist', () => {
  const names = seriesNames();
  for (const { description, queries } of sections.flatMap(({ panels }) => panels)) {
    expect(description).toMatch(/\.$/);
    const metrics = queries.flatMap(({ expression }) => metricsIn(expression));
    expect(metrics).not.toEqual([]);
    expect(metrics.filter((name) => !names.has(name))).toEqual([]);
  }
});

test.each(readdirSync(rules))('the rules of %s ask only for metrics that exist', (file) => {
  const names = seriesNames();
  const metrics = metricsIn(readFileSync(new URL(file, rules), 'utf8'));
  expect(metrics.filter((name) => !names.has(name))).toEqual([]);
});
