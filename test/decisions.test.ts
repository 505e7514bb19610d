import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const folder = new URL('../docs/decisions/', import.meta.url);

it('the index of decisions has every page, by its number and title', () => {
  const pages = readdirSync(folder).filter((file) => /^\d{4}-/.test(file));
  const entries = pages.map((file) => {
    const [title = ''] = readFileSync(new URL(file, folder), 'utf8').split('\n', 1);
    return `- ${file.slice(0, 4)} [${title.replace(/^# /, '')}](${file})`;
  });
  const index = readFileSync(new URL('README.md', folder), 'utf8').split('\n');
  expect(index.filter((line) => line.startsWith('- '))).toEqual(entries);
});
