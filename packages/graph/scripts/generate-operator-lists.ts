/** Writes the lists of operators in docs/models.md: `npm run gen`. */
import { readFile, writeFile } from 'node:fs/promises';
import { withGeneratedPart } from '../../../scripts/generated-part.js';
import { differentiableOperators, stepOperators } from '../src/autodiff/registry.js';
import { compositeOperators } from '../src/composites/decompose.js';
import { KNOWN_OPERATORS } from '../src/shapes/infer.js';
import { quantizedOperators } from '../src/transforms/rewrite-quantized.js';

export const PAGE = new URL('../../../docs/models.md', import.meta.url);

/** The page with its lists as they are now. @throws {RangeError} when the page has no place for them. */
export function withOperatorLists(page: string): string {
  return withGeneratedPart(page, lists());
}

function lists(): string {
  const differentiable = new Set(differentiableOperators());
  const composite = new Set(compositeOperators());
  const steps = new Set(stepOperators());
  const known = [...KNOWN_OPERATORS].sort();
  const groups: readonly (readonly [string, readonly string[]])[] = [
    ['With a derivative', known.filter((op) => differentiable.has(op) && !composite.has(op))],
    ['With a derivative by way of simpler operators', known.filter((op) => composite.has(op))],
    ['With a derivative of zero (steps, sizes)', known.filter((op) => steps.has(op))],
    ['Without a derivative', known.filter((op) => !differentiable.has(op) && !steps.has(op))],
    ['Rewritten on reading, with straight-through gradients', quantizedOperators()],
  ];
  return groups
    .map(([title, operators]) => `- **${title}**: ${operators.map((op) => `\`${op}\``).join(', ')}`)
    .join('\n');
}

if (process.argv[1] === new URL(import.meta.url).pathname)
  await writeFile(PAGE, withOperatorLists(await readFile(PAGE, 'utf8')));
