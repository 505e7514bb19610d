import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
}

async function dependenciesOf(folder: string): Promise<readonly string[]> {
  const { dependencies = {} } = JSON.parse(
    await readFile(join(ROOT, folder, 'package.json'), 'utf8'),
  ) as Manifest;
  return Object.keys(dependencies).filter((name) => !name.startsWith('@unpair/'));
}

test('docs/dependencies.md has a row for each package that is depended on, with its licence', async () => {
  const groups = await Promise.all(
    ['packages', 'services'].map(async (group) =>
      (await readdir(join(ROOT, group))).map((name) => join(group, name)),
    ),
  );
  const folders = [...groups.flat(), 'cli'];
  const wanted = new Set((await Promise.all(folders.map(dependenciesOf))).flat());
  const page = await readFile(join(ROOT, 'docs', 'dependencies.md'), 'utf8');
  const section = page.slice(page.indexOf('## What others keep'), page.indexOf('## What is written here'));
  const rows = section.split('\n').flatMap((line) => {
    const [, name, , , , licence] = line.split('|').map((cell) => cell.trim());
    return name?.startsWith('`') === true ? [[name.slice(1, -1), licence ?? ''] as const] : [];
  });
  expect(rows.map(([name]) => name)).toEqual([...wanted].sort());
  for (const [name, licence] of rows) {
    const { license } = JSON.parse(
      await readFile(join(ROOT, 'node_modules', name, 'package.json'), 'utf8'),
    ) as { readonly license: string };
    expect([name, licence]).toEqual([name, license.replace(/^\((.*)\)$/, '$1').replaceAll(' AND ', ', ')]);
  }
});
