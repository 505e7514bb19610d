import { spawnSync } from 'node:child_process';
import { chmod, mkdir, readFile, readlink, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from './kit/index.js';

const script = fileURLToPath(new URL('../scripts/build-tfjs-binding', import.meta.url));

function run(
  root: string,
  ...args: readonly string[]
): { status: number | null; stdout: string; stderr: string } {
  return spawnSync('/usr/bin/env', ['bash', script, '--root', root, ...args], { encoding: 'utf8' });
}

async function put(path: string, text = ''): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/** A repository with the package, and a node-pre-gyp that writes down what it finds where binding.gyp looks. */
async function repository(root: string, name = 'tfjs-node'): Promise<string> {
  const binding = join(root, 'node_modules', '@tensorflow', name);
  await put(join(binding, 'binding.gyp'), '{}');
  const compiler = join(root, 'node_modules', '.bin', 'node-pre-gyp');
  await put(
    compiler,
    `#!/usr/bin/env bash
set -e
mkdir -p lib/napi-v8
cat deps/include/tensorflow/c/c_api.h deps/include/tensorflow/c/eager/c_api.h deps/lib/libtensorflow.so \\
  deps/lib/libtensorflow_framework.so > lib/napi-v8/tfjs_binding.node
echo "$@" > arguments
`,
  );
  await chmod(compiler, 0o755);
  return binding;
}

/** What a wheel for Linux has of what the binding needs, in words. */
async function wheel(site: string): Promise<void> {
  const folder = join(site, 'tensorflow');
  await put(join(folder, 'libtensorflow_cc.so.2'), 'cc ');
  await put(join(folder, 'libtensorflow_framework.so.2'), 'framework');
  await put(join(folder, 'include', 'tensorflow', 'c', 'c_api.h'), 'header ');
  await put(join(folder, 'include', 'tensorflow', 'c', 'eager', 'c_api.h'), 'eager ');
}

describe('the binding of TensorFlow.js', () => {
  test('is compiled against a wheel, found at run time under the names that the libraries go by', async () => {
    await using folder = await temporaryFolder();
    const binding = await repository(folder.path, 'tfjs-node-gpu');
    const site = join(folder.path, 'site');
    await wheel(site);
    await put(join(site, 'nvidia', 'cudnn', 'lib', 'libcudnn.so.9'));
    const { status, stderr, stdout } = run(folder.path, '--gpu', '--site-packages', site);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const built = join(binding, 'lib', 'napi-v8', 'tfjs_binding.node');
    expect(stdout).toBe(`built ${built}\n`);
    expect(await readFile(built, 'utf8')).toBe('header eager cc framework');
    expect(await readFile(join(binding, 'arguments'), 'utf8')).toBe('rebuild --build-from-source\n');
    const library = await realpath(join(site, 'tensorflow', 'libtensorflow_cc.so.2'));
    for (const name of ['libtensorflow.so', 'libtensorflow.so.2', 'libtensorflow_cc.so.2']) {
      expect(await realpath(join(binding, 'deps', 'lib', name))).toBe(library);
    }
    expect(await readlink(join(binding, 'deps', 'nvidia'))).toBe(await realpath(join(site, 'nvidia')));
  });

  test('with --copy the wheel may go afterwards; a second run replaces the first', async () => {
    await using folder = await temporaryFolder();
    const binding = await repository(folder.path);
    const site = join(folder.path, 'site');
    await wheel(site);
    expect(run(folder.path, '--site-packages', site).status).toBe(0);
    expect(run(folder.path, '--copy', '--site-packages', site)).toMatchObject({ status: 0, stderr: '' });
    const library = join(binding, 'deps', 'lib', 'libtensorflow.so.2');
    expect(dirname(await realpath(library))).toBe(await realpath(join(binding, 'deps', 'lib')));
  });

  test('a wheel file is unpacked', async () => {
    await using folder = await temporaryFolder();
    const binding = await repository(folder.path);
    await wheel(join(folder.path, 'site'));
    const file = join(folder.path, 'tensorflow-2.21.0.whl');
    const zip = ['-m', 'zipfile', '-c', file, join(folder.path, 'site', 'tensorflow')];
    expect(spawnSync('python3', zip).status).toBe(0);
    expect(run(folder.path, '--wheel', file)).toMatchObject({ status: 0, stderr: '' });
    expect(await readFile(join(binding, 'deps', 'lib', 'libtensorflow.so'), 'utf8')).toBe('cc ');
  });
});

describe('what is wrong is one sentence', () => {
  test.each([
    [['--colour'], 'there is no option "--colour": see the head of this script.'],
    [['--wheel'], '--wheel needs a value.'],
    [['--wheel', 'a.whl', '--site-packages', 'b'], '--wheel and --site-packages exclude each other.'],
    [['--wheel', 'absent.whl'], 'there is no wheel absent.whl.'],
    [
      ['--site-packages', '/nowhere'],
      '/nowhere/tensorflow has no libtensorflow_cc.so.2: it is no TensorFlow wheel for Linux.',
    ],
  ])('%s', async (args, sentence) => {
    await using folder = await temporaryFolder();
    await repository(folder.path);
    expect(run(folder.path, ...args)).toMatchObject({
      status: 1,
      stderr: `build-tfjs-binding: ${sentence}\n`,
    });
  });

  test('the package is not installed', async () => {
    await using folder = await temporaryFolder();
    expect(run(folder.path, '--gpu').stderr).toBe(
      `build-tfjs-binding: @tensorflow/tfjs-node-gpu is not in ${folder.path}/node_modules: ` +
        'run npm install --no-save --ignore-scripts @tensorflow/tfjs-node-gpu.\n',
    );
  });

  test('no wheel can be had', async () => {
    await using folder = await temporaryFolder();
    await repository(folder.path);
    await put(join(folder.path, 'node_modules', '.bin', 'python3'), '#!/bin/sh\nexit 1\n');
    await chmod(join(folder.path, 'node_modules', '.bin', 'python3'), 0o755);
    const path = `${join(folder.path, 'node_modules', '.bin')}:${process.env['PATH'] ?? ''}`;
    const { status, stderr } = spawnSync('bash', [script, '--root', folder.path, '--version', '2.21.0'], {
      encoding: 'utf8',
      env: { ...process.env, PATH: path },
    });
    expect(status).toBe(1);
    expect(stderr).toBe(
      'build-tfjs-binding: tensorflow==2.21.0 cannot be installed with pip: give --wheel or --site-packages a TensorFlow that you have.\n',
    );
  });
});
