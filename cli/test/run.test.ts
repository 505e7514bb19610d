import { chmod, readFile, readdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

import { describe, expect, test, vi } from 'vitest';

import { runCli } from './run-cli.js';
import { scratchFolder } from './scratch-folder.js';
import { CAMPAIGN, linearModel, workplace } from './workplace.js';

// Each test starts several processes, and they may share the machine with other tests.
vi.setConfig({ testTimeout: 180_000 });

const run = (cwd: string, ...args: readonly string[]) => runCli(['run', 'campaign.yaml', ...args], { cwd });

test('init tries how a model takes images, and writes a campaign file that plan accepts', async () => {
  const folder = await workplace();
  const init = () =>
    runCli(['init', 'full.onnx', '--dataset', 'tiny.npz', '--out', 'mine.yaml'], { cwd: folder });
  const { exitCode, stderr } = await init();
  expect(exitCode).toBe(0);
  expect(stderr).toMatch(/^full\.onnx is right on \d of 4 samples with /m);
  const text = await readFile(join(folder, 'mine.yaml'), 'utf8');
  expect(text).toContain('dataset: { source: tiny.npz, samples: 4 }');
  expect(text).toContain('  full: { file: full.onnx');
  const again = await init();
  expect(again).toMatchObject({
    exitCode: 2,
    stderr: 'error: mine.yaml exists already: name another file by --out, or remove it\n',
  });
  await writeFile(
    join(folder, 'lone.yaml'),
    text.replace('int8: { quantize: { of: full } }', 'int8: { file: full.onnx }'),
  );
  expect(await runCli(['plan', 'lone.yaml'], { cwd: folder })).toMatchObject({ exitCode: 0 });
});

test('plan says what a campaign will do and take, and begins nothing', async () => {
  const folder = await workplace();
  const { exitCode, stdout } = await runCli(['plan', 'campaign.yaml', '--workers', '3'], { cwd: folder });
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^asks {5}full up to 4 times$/m);
  expect(stdout).toMatch(/^takes {4}about .* on 3 workers, by how fast its models run here$/m);
  expect(await readdir(folder)).not.toContain('runs');
  const { stdout: json } = await runCli(['plan', 'campaign.yaml', '--json'], { cwd: folder });
  const foreseen = JSON.parse(json) as Record<string, unknown>;
  expect(foreseen).toMatchObject({ tasks: 6, queries: [{ target: 'full', most: 4 }] });
  expect(foreseen['seconds']).toBeGreaterThan(0);
  const bad = await runCli(['plan', 'none.yaml'], { cwd: folder });
  expect(bad).toMatchObject({ exitCode: 2, stderr: 'error: there is no campaign file none.yaml\n' });
});

describe('everything wrong with a campaign is said at once, before anything starts', () => {
  test('in the file', async () => {
    const folder = await workplace(
      CAMPAIGN.replace('8/255', '2').replace('steps: 2', 'steps: 0').replace('[full]', '[fool]'),
    );
    const { exitCode, stdout, stderr } = await run(folder);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    const [head, ...lines] = stderr.trimEnd().split('\n');
    expect(head).toBe('error: campaign.yaml has 3 errors:');
    expect(lines.map((line) => line.split(/ (?:must|names) /)[0])).toEqual([
      '  targets[0]',
      '  threat.epsilon',
      '  attacks[0].pgd.steps',
    ]);
    expect(await readdir(folder)).not.toContain('runs');
  });

  test('in the data and the models', async () => {
    const folder = await workplace(
      CAMPAIGN.replace('samples: 4', 'samples: 5').replace(
        '  full: { file: full.onnx }',
        '  full: { file: full.onnx }\n  wide: { file: wide.onnx }\n  many: { file: many.onnx }\n  gone: { file: gone.onnx }\n  cut: { file: cut.onnx }',
      ),
    );
    await writeFile(join(folder, 'wide.onnx'), linearModel([1, 3, 3], 2));
    await writeFile(join(folder, 'many.onnx'), linearModel([1, 2, 2], 1));
    await writeFile(join(folder, 'cut.onnx'), linearModel([1, 2, 2], 2).subarray(0, 70));
    const { exitCode, stderr } = await run(folder);
    expect(exitCode).toBe(2);
    const data = join(folder, 'tiny.npz');
    const lines = stderr.trimEnd().split('\n');
    expect(lines.slice(0, 5)).toEqual([
      'error: campaign.yaml has 5 errors:',
      '  dataset.samples must be at most 4, the size of tiny.npz (test), got 5.',
      `  models.wide.file: ${join(folder, 'wide.onnx')} takes images of 1×3×3, but those of ${data} are 1×2×2`,
      `  models.many.file: ${join(folder, 'many.onnx')} gives 1 classes, but ${data} has 2`,
      `  models.gone.file: there is no model file ${join(folder, 'gone.onnx')}`,
    ]);
    expect(lines[5]).toMatch(
      /^ {2}models\.cut\.file: .*cut\.onnx cannot be used: the model file is truncated: /,
    );
  });

  test('in the arguments', async () => {
    const folder = await workplace();
    expect(await runCli(['run', 'none.yaml'], { cwd: folder })).toMatchObject({
      exitCode: 2,
      stderr: 'error: there is no campaign file none.yaml\n',
    });
    for (const [command, what] of [
      ['run', 'campaign file'],
      ['train', 'recipe file'],
    ] as const) {
      expect(await runCli([command, folder])).toMatchObject({
        exitCode: 2,
        stderr: `error: ${folder} is a folder, not a ${what}\n`,
      });
    }
    expect((await run(folder, '--workers', '0')).exitCode).toBe(2);
    expect(await run(folder, '--server', 'nowhere')).toMatchObject({
      exitCode: 2,
      stderr: 'error: the server is "nowhere", but must be HOST:PORT with a port from 1 to 65535\n',
    });
  });
});

describe('what local mode lacks is one sentence', () => {
  test.each([
    ['missing', undefined, 'nats-server was not found: '],
    ['too old', 'nats-server: v2.8.4', 'nats-server is version 2.8.4, which is too old: '],
    ['mute', '', 'nats-server does not tell its version: '],
  ])('nats-server %s', async (_, version, sentence) => {
    const folder = await workplace();
    const tools = await scratchFolder();
    if (version !== undefined) {
      await writeFile(join(tools, 'nats-server'), `#!/bin/sh\necho "${version}"\n`);
      await chmod(join(tools, 'nats-server'), 0o755);
    }
    const env = { PATH: version === undefined ? tools : `${tools}${delimiter}${process.env['PATH'] ?? ''}` };
    const { exitCode, stderr } = await runCli(['run', 'campaign.yaml'], { cwd: folder, env });
    expect(exitCode).toBe(1);
    expect(stderr).toBe(
      `error: ${sentence}install nats-server 2.9.0 or newer, for instance with scripts/ensure-nats-server\n`,
    );
  });

  test('an output folder that cannot be', async () => {
    const folder = await workplace();
    const { exitCode, stderr } = await run(folder, '--out', 'campaign.yaml');
    expect(exitCode).toBe(2);
    expect(stderr).toBe(`error: ${join(folder, 'campaign.yaml')} is a file where a folder is needed\n`);
  });
});

test('a coordinator that is not there is one sentence', async () => {
  const { exitCode, stderr } = await runCli(['list', '--server', '127.0.0.1:1']);
  expect(exitCode).toBe(1);
  expect(stderr).toBe('error: no coordinator answers at 127.0.0.1:1\n');
});
