import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const folder = fileURLToPath(new URL('../../deploy/prometheus/', import.meta.url));

function promtool(...args: string[]): string {
  return execFileSync('promtool', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
}

function isInstalled(): boolean {
  try {
    promtool('--version');
    return true;
  } catch {
    return false;
  }
}

const without = !isInstalled();
const suffix = without ? ' (skipped: promtool is not installed)' : '';

describe.skipIf(without)(`Prometheus${suffix}`, () => {
  test('the configuration is valid and its rules are found', () => {
    expect(promtool('check', 'config', 'prometheus.yaml')).toContain('SUCCESS');
  });

  test.each(readdirSync(`${folder}rules`))('the rules of %s are valid', (file) => {
    expect(promtool('check', 'rules', `rules/${file}`)).toContain('SUCCESS');
  });

  test('alerts fire when they should, and only then', () => {
    expect(promtool('test', 'rules', 'rules.test.yaml')).toContain('SUCCESS');
  });
});
