import { seriesNames } from './series.js';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { dashboardJson, dashboards } from '../../deploy/grafana/dashboard.js';
import { fileOf } from '../../deploy/grafana/generate.js';

const rules = new URL('../../deploy/prometheus/rules/', import.meta.url);

function metricsIn(text: string): readonly string[] {
  return [...new Set(text.match(/\b(?:unpair|nodejs|process|DCGM_FI)_\w+/g))];
}

/** Other exporters': where NVIDIA's is scraped. */
const isOurs = (name: string): boolean => !name.startsWith('DCGM_');

test.each([...dashboards])('the committed %s is what the code generates (else: npm run gen)', (name, one) => {
  expect(readFileSync(fileOf(name), 'utf8')).toBe(dashboardJson(one));
});

test.each([...dashboards.values()])(
  'every panel of "$title" says what it answers, and asks for what exists',
  (one) => {
    const names = seriesNames();
    for (const { of } of one.variables) expect(metricsIn(of).filter((name) => !names.has(name))).toEqual([]);
    for (const { description, queries } of one.sections.flatMap(({ panels }) => panels)) {
      expect(description).toMatch(/\.$/);
      const metrics = queries.flatMap(({ expression }) => metricsIn(expression));
      expect(metrics).not.toEqual([]);
      expect(metrics.filter((name) => isOurs(name) && !names.has(name))).toEqual([]);
    }
  },
);

test.each(readdirSync(rules))('the rules of %s ask only for metrics that exist', (file) => {
  const names = seriesNames();
  const metrics = metricsIn(readFileSync(new URL(file, rules), 'utf8'));
  expect(metrics.filter((name) => !names.has(name))).toEqual([]);
});
