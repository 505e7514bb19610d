import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { PAGE, withOperatorTable } from '../scripts/generate-operator-table.js';

it('docs/adding-an-operator.md says where each operator is (else: npm run gen)', async () => {
  const page = readFileSync(PAGE, 'utf8');
  expect(await withOperatorTable(page)).toBe(page);
});
