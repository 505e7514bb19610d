/** Writes the table of docs/adding-an-operator.md, where each operator's rules are: `npm run gen`. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { withGeneratedPart } from './generated-part.js';

export const PAGE = new URL('../docs/adding-an-operator.md', import.meta.url);

/** What there is to know of an operator, and the folder of the files that know it. */
const COLUMNS = [
  ['shape', 'packages/graph/src/shapes'],
  ['derivative', 'packages/graph/src/autodiff/rules'],
  ['in simpler operators', 'packages/graph/src/composites'],
  ['in TensorFlow.js', 'packages/runtime/src/tensorflow/rules'],
] as const;

/** The page with its table as it is now. @throws {RangeError} when the page has no place for it. */
export async function withOperatorTable(page: string): Promise<string> {
  return withGeneratedPart(page, await table());
}

async function table(): Promise<string> {
  const places = await Promise.all(COLUMNS.map(([, folder]) => filesByOperator(folder)));
  const operators = [...new Set(places.flatMap((place) => [...place.keys()]))].sort();
  const titles = ['operator', ...COLUMNS.map(([title]) => title)];
  const rows = operators.map((operator) => [operator, ...places.map((place) => place.get(operator) ?? '')]);
  return aligned([titles, titles.map(() => ''), ...rows]);
}

/** A Markdown table as prettier writes it; an empty second row becomes the rule below the titles. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row, index) => {
      const cells = widths.map((width, column) =>
        index === 1 ? '-'.repeat(width) : (row[column] ?? '').padEnd(width),
      );
      return `| ${cells.join(' | ')} |`;
    })
    .join('\n');
}

/** Which file of a folder has a rule for which operator: the keys of the tables of rules that it exports. */
async function filesByOperator(folder: string): Promise<ReadonlyMap<string, string>> {
  const root = new URL(`../${folder}/`, import.meta.url);
  const files = new Map<string, string>();
  for (const file of (await readdir(root)).sort()) {
    const tables = (await import(new URL(file, root).href)) as Readonly<Record<string, unknown>>;
    for (const [name, rules] of Object.entries(tables)) {
      if (!/(Rules|Decompositions)$/.test(name)) continue;
      for (const operator of Object.keys(rules as object)) files.set(operator, file.replace(/\.ts$/, ''));
    }
  }
  return files;
}

if (process.argv[1] === new URL(import.meta.url).pathname)
  await writeFile(PAGE, await withOperatorTable(await readFile(PAGE, 'utf8')));
