import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test, vi } from 'vitest';

import { describeFailure } from '../src/failure.js';
import { assertOutputFile } from '../src/output-file.js';
import { writeWhole } from '@unpair/files';
import { runCli } from './run-cli.js';
import { scratchFolder } from './scratch-folder.js';

// Each command is a process of its own, and may share the machine with other tests.
vi.setConfig({ testTimeout: 180_000 });

const RECIPE = `
name: small
seed: 1
dataset: nowhere.npz
architecture: { name: resnet }
epochs: 1
batch: 8
learningRate: { peak: 0.1 }
`;

test('what cannot be written is said before anything is read', async () => {
  const folder = await scratchFolder();
  const recipe = join(folder, 'recipe.yaml');
  await writeFile(recipe, RECIPE);
  const sibling = ['sibling', 'prune', 'none.onnx', '--dataset', 'none.npz', '--out', folder];
  for (const [name, args] of [
    ['--out', sibling],
    ['--out', ['train', recipe, '--out', folder]],
    ['--out', ['export', 'some-id', '--format', 'csv', '--out', folder]],
    ['<out>', ['model', 'convert', 'none.onnx', folder]],
  ] as const) {
    const stderr = `error: ${name} must be a file in a folder that can be written to, got the folder ${folder}\n`;
    expect(await runCli(args)).toEqual({ exitCode: 2, stdout: '', stderr });
  }
});

test('an output file may be new, in folders that are new, or replace another', async () => {
  const folder = await scratchFolder();
  const file = join(folder, 'file');
  await writeFile(file, '');
  await assertOutputFile('--out', file);
  await assertOutputFile('--out', join(folder, 'some', 'where', 'new.onnx'));
  const refused = (path: string): Promise<unknown> => assertOutputFile('--out', path).catch(describeFailure);
  const sentence = (got: string): object => ({
    exitCode: 2,
    lines: [`error: --out must be a file in a folder that can be written to, got ${got}`],
  });
  expect(await refused(join(file, 'x', 'y.onnx'))).toEqual(
    sentence(`${join(file, 'x', 'y.onnx')}, where ${file} is no folder`),
  );
  expect(await refused(`${folder}/new/`)).toEqual(sentence(`the folder ${folder}/new/`));
  expect(await refused('')).toEqual(sentence('""'));
  expect(await refused('/dev/null')).toEqual(sentence('/dev/null, which is no regular file'));
});

test('nothing is written over what it is made of, by way of a link neither', async () => {
  const folder = await scratchFolder();
  const [model, link] = [join(folder, 'model.onnx'), join(folder, 'link.onnx')];
  await writeFile(model, RECIPE);
  await symlink(model, link);
  const data = ['--dataset', 'cifar10'];
  for (const [sentence, args] of [
    [
      `--out must be another file than the model, got ${model}`,
      ['sibling', 'quantize', model, ...data, '--out', model],
    ],
    [
      `--out must be another file than --target, got ${model}`,
      ['sibling', 'unpair', 'x.onnx', ...data, '--target', link, '--out', model],
    ],
    [`<out> must be another file than <in>, got ${link}`, ['model', 'convert', model, link]],
    [`--out must be another file than the recipe, got ${model}`, ['train', model]],
  ] as const) {
    expect(await runCli(args)).toEqual({ exitCode: 2, stdout: '', stderr: `error: ${sentence}\n` });
  }
  expect(await readFile(model, 'utf8')).toBe(RECIPE);
});

test('a file that cannot be written is named as the user named it, as bad input', async () => {
  const folder = await scratchFolder();
  const path = join(folder, 'folder');
  await mkdir(path);
  const failure = await writeWhole(path, 'x').catch(describeFailure);
  expect(failure).toEqual({ exitCode: 2, lines: [`error: ${path} is a folder, not a file`] });
});
