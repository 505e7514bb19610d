import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = new URL('..', import.meta.url);
const text = readFileSync(new URL('docs/ways.md', root), 'utf8');

/** The files that a text names. */
function filesOf(part: string): readonly string[] {
  return [...part.matchAll(/`([\w./-]+\.ts)`/g)].map(([, file = '']) => file);
}

it('every file on the way is there', () => {
  const files = filesOf(text);
  expect(files.length).toBeGreaterThan(40);
  expect(files.filter((file) => !existsSync(fileURLToPath(new URL(file, root))))).toEqual([]);
});

it('a campaign file becomes a result row in at most 20 files', () => {
  const way = text.slice(text.indexOf('## From a campaign file'), text.indexOf('## A gradient step'));
  expect(filesOf(way).length).toBeLessThanOrEqual(20);
});
