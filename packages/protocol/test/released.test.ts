import { allReasons, codeOfReason } from '@unpair/errors';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ErrorReason } from '../src/index.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What of the protos in `folder` clients of the last release would notice, a line each. */
function breaking(folder: string): readonly string[] {
  const released = join(root, 'proto/released/0.1.0.binpb');
  const args = ['breaking', folder, '--against', released, '--exclude-imports'];
  const { stdout, error } = spawnSync(join(root, 'node_modules/.bin/buf'), args, {
    cwd: root,
    encoding: 'utf8',
  });
  if (error !== undefined) throw error;
  return stdout.split('\n').filter((line) => line !== '');
}

test('clients of the last release can go on', () => {
  expect(breaking('proto')).toEqual([]);
});

test('a field that changes its type is noticed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'unpair-proto-'));
  try {
    cpSync(join(root, 'proto'), folder, { recursive: true });
    const file = join(folder, 'unpair/v1/campaign.proto');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('  double weight = 11;', '  int64 weight = 11;'));
    expect(breaking(folder)).toMatchObject([expect.stringContaining('weight')]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the reasons of errors are those of ErrorReason and of docs/api.md, each with its code', () => {
  const names = Object.keys(ErrorReason).filter((name) => name !== 'UNSPECIFIED' && name !== 'UNRECOGNIZED');
  expect([...allReasons].sort()).toEqual(names.sort());
  const text = readFileSync(join(root, 'proto/unpair/v1/error.proto'), 'utf8');
  const documentation = readFileSync(join(root, 'docs/api.md'), 'utf8');
  for (const reason of allReasons) {
    expect(documentation).toMatch(new RegExp(`\\| \`${reason}\` +\\| ${codeOfReason(reason)} `));
    expect(text).toMatch(new RegExp(`// ${codeOfReason(reason)}: [^\n]+\n  ERROR_REASON_${reason} =`));
  }
});
