import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { generate, generatedFolder } from '../scripts/generate.js';

async function contents(folder: string): Promise<Map<string, string>> {
  const names = await readdir(folder, { recursive: true });
  const files = names.filter((name) => name.endsWith('.ts')).sort();
  return new Map(
    await Promise.all(files.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)),
  );
}

test('the committed code is what proto/ generates (else: npm run gen)', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'unpair-gen-'));
  try {
    generate(folder);
    expect(await contents(generatedFolder)).toEqual(await contents(folder));
  } finally {
    await rm(folder, { recursive: true });
  }
});
