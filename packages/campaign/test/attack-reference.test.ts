import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { expect, test } from 'vitest';

import { attackReferences } from '../src/attack-reference.js';
import type { AttackReference } from '../src/attack-reference.js';

const document = join(import.meta.dirname, '../../../docs/attacks.md');

const head = `# Attacks

What a campaign may name under \`attacks:\`. This page is made from the registry in \`packages/attacks\`:
\`npx vitest run packages/campaign/test/attack-reference.test.ts --update\` writes it anew. \`unpair attacks\` prints the same, and
\`unpair attacks NAME\` one of them. How parameters are written is in [campaign-file.md](campaign-file.md#attacks), how queries are
counted in [report.md](report.md), how an attack is added in [adding-an-attack.md](adding-an-attack.md).

_Sees_ is how much of the target's answers an attack gets: an attack that goes by labels never gets a score. An attack that finds
_the nearest_ example spends its whole budget on it and looks at no epsilon: its rows say how far the example was after 100, 300, 1,000,
3,000 and 10,000 queries, so that success within any epsilon is read off them ([decision 77](decisions/0077-nearest-examples-are-found-once.md)).

Nothing that happens to one sample depends on others of its batch or run: every draw, also those that public code makes once for a whole
batch, comes from the sample's own stream. Admix, which mixes other images in, is left out for that: a sample knows no others.

\`auto\` and what else has something to make before it runs has a task for that, which comes before the others of its cell
([decision 99](decisions/0099-what-a-cell-takes-is-a-task.md)). Its candidates are, of those that fit: \`mi-fgsm\`, \`di-fgsm\`, \`dem\`, \`sia\`, \`bsr\`, \`mef\` (10, 10, 50,
200, 200 and 400 gradients a sample); by scores \`square-from-transfer\`, \`nes-from-transfer\`, \`rgf-from-transfer\`, \`gfcs\`, \`p-rgf\`,
\`square\`, \`rgf\`, \`sign-hunter\`; where there are no scores \`prior-sign-opt\`, \`ray-s\`, \`hop-skip-jump\`, \`geoda\`, \`sign-opt\`.
`;

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

function overview(all: readonly AttackReference[]): string {
  const heads = ['attack', 'sees', 'surrogate', 'queries', 'finds', 'norms', 'goals', 'paper'];
  return table(
    heads,
    all.map((one) => [
      ...[`[\`${one.name}\`](#${one.name})`, one.sees, one.surrogate, one.queries, one.finds, one.norms],
      ...[one.goals, one.paper],
    ]),
  );
}

function section({ name, description, paper, parameters }: AttackReference): string {
  const rows = parameters.map((one) => [`\`${one.name}\``, one.type, one.default, one.description]);
  const parts = table(['parameter', 'value', 'default', 'what it is'], rows);
  return `## \`${name}\`\n\n${description} ${paper}.\n\n${parts}`;
}

test('docs/attacks.md says of every attack what the registry says', async () => {
  const all = attackReferences();
  const page = [head, overview(all), ...all.map(section)].join('\n\n');
  const options = { ...(await resolveConfig(document)), parser: 'markdown' };
  await expect(await format(`${page}\n`, options)).toMatchFileSnapshot(document);
});

test('values and defaults are in words', () => {
  const pgd = attackReferences().find(({ name }) => name === 'pgd');
  const { surrogate, queries, parameters = [] } = pgd ?? {};
  expect([surrogate, queries]).toEqual(['needed', 'one']);
  expect(parameters.slice(0, 3).map(({ name, type, default: value }) => [name, type, value])).toEqual([
    ['steps', 'integer from 1 to 10000', '10'],
    ['stepSize', 'pixel amount, such as 2/255', 'epsilon / 4'],
    ['flipped', 'true or false', 'false'],
  ]);
});
