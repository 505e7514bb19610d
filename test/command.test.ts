import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('npx finds the command in a checkout that was installed before it was compiled', async () => {
  const linked = fileURLToPath(new URL('../node_modules/.bin/unpair', import.meta.url));
  const { stdout } = await promisify(execFile)(linked, ['--help']);
  expect(stdout).toContain('Usage: unpair');
});
