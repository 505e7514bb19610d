import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The files that a file imports by a relative path, types included. */
function importsOf(file: string): readonly string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(root, file), 'utf8'), true, true);
  return importedFiles
    .map(({ fileName }) => fileName)
    .filter((path) => path.startsWith('.'))
    .map((path) => join(dirname(file), path).replace(/\.js$/, '.ts'));
}

/** A way from a file back to itself; undefined where there is none. `safe` gathers files without one. */
function circleFrom(file: string, way: readonly string[], safe: Set<string>): readonly string[] | undefined {
  if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
  if (safe.has(file)) return undefined;
  for (const next of importsOf(file)) {
    const circle = circleFrom(next, [...way, file], safe);
    if (circle !== undefined) return circle;
  }
  safe.add(file);
  return undefined;
}

it('no file imports itself by way of others', () => {
  const files = ['packages', 'services', 'cli'].flatMap((top) =>
    readdirSync(join(root, top), { recursive: true, encoding: 'utf8' })
      .map((path) => join(top, path))
      .filter((path) => path.includes('/src/') && path.endsWith('.ts') && !path.includes('node_modules')),
  );
  const safe = new Set<string>();
  const circles = files.map((file) => circleFrom(file, [], safe)).filter((circle) => circle !== undefined);
  expect(files.length).toBeGreaterThan(100);
  expect(circles).toEqual([]);
});
