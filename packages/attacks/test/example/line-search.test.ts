import type { Problem, Steps } from '../../src/attack.js';
import { query } from '../../src/requests.js';
import { runAttack } from '@unpair/attacks';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { conforms } from '../conformance/conformance.js';
import { lineSearch } from './line-search.js';
import { labelledSamples, randomModel } from '../../../classifiers/test/support/linear-classifier.js';

conforms(lineSearch, { queries: 60 }, { linf: 0.4, l2: 1.5 });

const target = randomModel('target');
const samples = await labelledSamples(target, 6);
const threat = { norm: 'l2', epsilon: 0.5 } as const;
const common = { definition: lineSearch, target, surrogates: [], samples, threat, seed: 1, cell: 'example' };

test('docs/adding-an-attack.md shows this attack as it is', () => {
  const here = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');
  // The page has it where attacks live, two folders further up.
  const source = here('line-search.ts').replaceAll('../../src/', '../');
  expect(here('../../../../docs/adding-an-attack.md')).toContain(`\`\`\`ts\n${source}\`\`\``);
});

test('the nearest example is kept, wherever it lies, and is nearer for a larger budget', async () => {
  const distances = async (queries: number): Promise<readonly number[]> => {
    const rows = await runAttack({ ...common, parameters: { queries }, offer: { access: 'labels' } });
    const right = rows.filter(({ cleanCorrect }) => cleanCorrect);
    for (const row of right) expect(row.queries).toBe(queries);
    for (const { success, l2 } of right) expect(success).toBe(l2 > 0 && l2 <= threat.epsilon + 1e-6);
    return right.map(({ l2 }) => l2);
  };
  const [few, many] = [await distances(40), await distances(800)];
  many.forEach((length, row) => {
    expect(length).toBeLessThanOrEqual(few[row] ?? 0);
  });
  expect(many).not.toEqual(few);
});

test('it sees labels and nothing else: the types say so', () => {
  function* peek(problem: Problem<'labels'>): Steps<readonly unknown[], 'labels'> {
    const answer = yield* query(problem, problem.input);
    // @ts-expect-error: an attack that declares labels gets no logits,
    const given: unknown = answer.logits;
    // @ts-expect-error: not for the clean input either,
    const clean: unknown = problem.clean.logits;
    // @ts-expect-error: and cannot run part of an attack that does.
    const heard: unknown = yield* listen(problem);
    return [given, clean, heard];
  }
  function* listen(problem: Problem<'logits'>): Steps<Float32Array, 'logits'> {
    return (yield* query(problem, problem.input)).logits;
  }
  expect([peek, listen].map((run) => run.length)).toEqual([1, 1]);
});

test('what it gets has labels and nothing else', async () => {
  const seen: unknown[] = [];
  const definition: typeof lineSearch = {
    ...lineSearch,
    *run(problem, parameters, random) {
      seen.push(problem.clean);
      const run = lineSearch.run(problem, parameters, random);
      for (let step = run.next(); step.done !== true;) {
        const answer = yield step.value;
        seen.push(answer);
        step = run.next(answer);
      }
    },
  };
  await runAttack({ ...common, definition, parameters: { queries: 5 } });
  const fields = new Set(seen.flatMap((one) => Object.keys(one as object)));
  expect([...fields].toSorted()).toEqual(['kind', 'labels', 'remaining']);
});
