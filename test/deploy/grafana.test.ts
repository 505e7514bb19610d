import { CoordinatorMetrics } from '@unpair/coordinator';
import { createWorkerMetrics } from '@unpair/worker';
import { readdirSync, readFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { dashboardJson } from '../../deploy/grafana/dashboard.js';
import { dashboardFile } from '../../deploy/grafana/generate.js';
import { sections } from '../../deploy/grafana/sections.js';

const rules = new URL('../../deploy/prometheus/rules/', import.meta.url);

/** Every metric that a service registers, a histogram's series included. */
function registered(): ReadonlySet<string> {
  const registry = new Registry();
  createWorkerMetrics(registry);
  const depth = (): Promise<never> => Promise.reject(new Error('no broker'));
  new CoordinatorMetrics({ registry, runs: () => [], slots: () => new Map(), depth });
  const names = registry.getMetricsAsArray().map(({ name }) => name);
  return new Set(names.flatMap((name) => [name, `${name}_bucket`, `${name}_sum`, `${name}_count`]));
}

function metricsIn(text: string): readonly string[] {
  return [...new Set(text.match(/\bunpair_[a-z_]+/g))];
}

test('the committed dashboard is what the code generates (else: npm run gen)', () => {
  expect(readFileSync(dashboardFile, 'utf8')).toBe(dashboardJson());
});

test('every panel says what it answers, and asks only for metrics that exist', () => {
  const names = registered();
  for (const { description, queries } of sections.flatMap(({ panels }) => panels)) {
    expect(description).toMatch(/\.$/);
    const metrics = queries.flatMap(({ expression }) => metricsIn(expression));
    expect(metrics).not.toEqual([]);
    expect(metrics.filter((name) => !names.has(name))).toEqual([]);
  }
});

test.each(readdirSync(rules))('the rules of %s ask only for metrics that exist', (file) => {
  const names = registered();
  const metrics = metricsIn(readFileSync(new URL(file, rules), 'utf8'));
  expect(metrics.filter((name) => !names.has(name))).toEqual([]);
});
