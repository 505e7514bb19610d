import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where configuration and rules lie. */
export const prometheusFolder = fileURLToPath(new URL('../../deploy/prometheus/', import.meta.url));

/** @throws with what it says, where it finds something wrong */
export function promtool(...words: string[]): string {
  return execFileSync('promtool', words, { cwd: prometheusFolder, encoding: 'utf8', stdio: 'pipe' });
}

/** Whether Debian's package `prometheus` is there, or promtool from elsewhere. */
export function isPromtoolInstalled(): boolean {
  try {
    promtool('--version');
    return true;
  } catch {
    return false;
  }
}

/** What a service said to Prometheus, by its job, and for how many minutes it goes on saying so. */
export interface Scrape {
  readonly jobs: Readonly<Record<string, string>>;
  readonly minutes: number;
}

/**
 * Evaluates all rules over scrapes of services, one after the other.
 * @param expected the names of the alerts that fire at the end, each with how many of it
 * @throws with what fires, where that is something else
 */
export function checkAlerts(scrapes: readonly Scrape[], expected: Readonly<Record<string, number>>): void {
  const minutes = scrapes.reduce((sum, scrape) => sum + scrape.minutes, 0);
  const samples = Object.entries(expected).map(([name, value]) => ({
    labels: `{alertname="${name}"}`,
    value,
  }));
  const test = {
    interval: '1m',
    input_series: seriesOf(scrapes),
    promql_expr_test: [
      {
        expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
        eval_time: `${minutes - 1}m`,
        exp_samples: samples,
      },
    ],
  };
  const folder = mkdtempSync(join(tmpdir(), 'unpair-rules-'));
  try {
    const file = join(folder, 'test.json');
    const rules = [`${prometheusFolder}rules/*.yaml`];
    writeFileSync(file, JSON.stringify({ rule_files: rules, evaluation_interval: '1m', tests: [test] }));
    promtool('test', 'rules', file);
  } catch (error) {
    const said = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${said.stdout ?? ''}${said.stderr ?? ''}`, { cause: error });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The series of our own that scrapes have, with a value for each minute; `_` where a series is not there. */
function seriesOf(scrapes: readonly Scrape[]): { readonly series: string; readonly values: string }[] {
  const all = scrapes.map(({ jobs }) => samplesIn(jobs));
  const names = new Set(all.flatMap((samples) => [...samples.keys()]));
  return [...names].map((series) => {
    const values = scrapes.map(({ minutes }, at) => {
      const value = all[at]?.get(series);
      return value === undefined ? `_x${minutes - 1}` : `${value}x${minutes - 1}`;
    });
    return { series, values: values.join(' ') };
  });
}

function samplesIn(jobs: Scrape['jobs']): ReadonlyMap<string, string> {
  const samples = new Map<string, string>();
  for (const [job, text] of Object.entries(jobs)) {
    for (const line of text.split('\n')) {
      const [, name = '', labels = '', value = ''] = /^(unpair_\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (name === '' || value === 'Nan') continue;
      const place = `instance="${job}:9464",job="unpair-${job}"`;
      samples.set(`${name}{${labels === '' ? place : `${labels},${place}`}}`, value);
    }
  }
  return samples;
}
