import { columnsOf, ROW_KINDS, type RowKind } from '@unpair/measurements';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { expect, test } from 'vitest';
import { exportTables } from '../src/results/schema.js';
import { storeOf } from './support/store.js';

const document = join(import.meta.dirname, '../../../docs/exports.md');

const head = `# Exported rows

\`unpair export ID --table TABLE\` and \`ExportResults\` write one of these tables, a row for each sample that was measured. What
is no finite number is null. This page is made from the kinds of rows in \`packages/measurements\`:
\`npx vitest run services/coordinator/test/exported-columns.test.ts --update\` writes it anew.
`;

/** What every column of an export holds, by name. */
function descriptionsOf(kind: RowKind): ReadonlyMap<string, string> {
  return new Map([
    ...Object.entries(kind.key).flatMap(([name, { description, spelledOut = {} }]) => [
      ...Object.entries(spelledOut),
      [name, description] as const,
    ]),
    ['sample', 'position in the data set; of a minibatch, that of its first sample'],
    ...columnsOf(kind).map(({ column, description }) => [column, description] as const),
  ]);
}

test('docs/exports.md names every exported column', async () => {
  await using opened = await storeOf([]);
  const sections: string[] = [];
  for (const kind of ROW_KINDS) {
    const descriptions = descriptionsOf(kind);
    const select = exportTables.get(kind.table)?.replaceAll(':campaign', "''") ?? '';
    const lines = (await opened.store.query(`DESCRIBE ${select}`, [])).map(
      ({ column_name: name, column_type: type }) =>
        `| \`${String(name)}\` | ${String(type)} | ${descriptions.get(String(name)) ?? ''} |`,
    );
    const table = `| column | type | what it is |\n| --- | --- | --- |\n${lines.join('\n')}`;
    sections.push(
      `## \`${kind.table}\`\n\nWhat the rows come to is in the report's ${kind.reportedAs}.\n\n${table}`,
    );
  }
  const options = { ...(await resolveConfig(document)), parser: 'markdown' };
  await expect(await format(`${head}\n${sections.join('\n\n')}\n`, options)).toMatchFileSnapshot(document);
});
