import type { AttackDefinition, AttackRow } from '@unpair/attacks';
import { runAttack } from '@unpair/attacks';
import type { Threat } from '@unpair/numerics';
import type { Parameters } from '@unpair/parameters';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  LinearClassifier,
  labelledSamples,
  randomModel,
  siblingOf,
} from '../../../classifiers/test/support/linear-classifier.js';

const target = randomModel('target');
const surrogates = [siblingOf(target), randomModel('stranger')];
const samples = await labelledSamples(target, 40);

/** The goals that a definition has, each in one of its forms. */
const GOALS = { avoid: 'avoid', reach: { reach: 'next' } } as const;

interface Variation {
  readonly batchSize?: number;
  readonly from?: number;
  readonly to?: number;
  readonly onQueries?: (count: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * What is true of every attack, whatever it does: an attack that is added runs this suite.
 * @param parameters of runs so short that budgets end some samples
 * @param epsilon at which some samples avoid their label, by norm; to reach a class takes six times as much
 */
export function conforms(
  definition: AttackDefinition,
  parameters: Parameters,
  epsilon: Readonly<Record<Threat['norm'], number>> = { linf: 0.03, l2: 0.3 },
): void {
  const cases = definition.norms.flatMap((norm) =>
    definition.goals.map((kind) => {
      const radius = epsilon[norm] * (kind === 'avoid' ? 1 : 6);
      return [norm, kind, { norm, epsilon: radius }, GOALS[kind]] as const;
    }),
  );
  describe.each(cases)(`${definition.name} under %s to %s`, (norm, _kind, threat, goal) => {
    const run = ({ from = 0, to = 40, batchSize = 16, ...others }: Variation = {}): Promise<Rows> => {
      const common = { definition, parameters, target, surrogates, threat, goal, seed: 7, cell: 'test' };
      return runAttack({ ...common, samples: samples.slice(from, to), batchSize, ...others });
    };

    test('rows are the same for any batch size and sharding', () => sameInAnyCompany(run));

    test('successes lie within the threat model, and no sample outspends its budget', async () => {
      const rows = await run();
      expect(rows.some(({ success }) => success)).toBe(true);
      expect(Math.max(...rows.map(({ queries }) => queries))).toBeLessThanOrEqual(
        definition.budget === null ? 1 : Number(parameters[definition.budget]),
      );
      for (const row of rows) {
        if (!row.success) continue;
        expect(row[norm]).toBeLessThanOrEqual(threat.epsilon + 1e-6);
        expect(row.queries).toBeGreaterThan(0);
      }
      for (const row of rows) expect(row.linf > 0).toBe(row.success || isFarther(row, threat, definition));
    });

    test('what is billed is what is evaluated, but for the clean inputs and the rounded ones', async () => {
      let told = 0;
      const counted = countersReset();
      const rows = await run({ onQueries: (count) => (told += count) });
      const billed = rows.reduce((sum, { queries }) => sum + queries, 0);
      expect(told).toBe(billed);
      expect(counted(target, 'logits')).toBe(40 + billed + rows.filter(({ success }) => success).length);
      const asked = surrogates.map((surrogate) => counted(surrogate, 'gradients'));
      const most = rows.reduce((sum, row) => sum + row.surrogateQueries, 0);
      expect(Math.max(...asked)).toBeLessThanOrEqual(most);
      expect(asked.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(most);
    });

    test('a target that gives no more than it needs is enough', async () => {
      const offer =
        definition.access === 'top-k' ? { access: definition.access, k: 2 } : { access: definition.access };
      const limited = { definition, parameters, target, offer, surrogates, samples: samples.slice(0, 3) };
      expect(await runAttack({ ...limited, threat, goal, seed: 7, cell: 'test' })).toEqual(
        await run({ to: 3 }),
      );
    });

    test('with nothing to attack the rows still come, and an abort stops the run', async () => {
      const wrong = samples.filter(({ index }) => index % 7 === 6);
      const common = { definition, parameters, target, surrogates, threat, goal, seed: 7, cell: 'test' };
      const rows = await runAttack({ ...common, samples: wrong });
      expect(rows.map(({ cleanCorrect, queries }) => [cleanCorrect, queries])).toEqual(
        wrong.map(() => [false, 0]),
      );
      expect(await runAttack({ ...common, samples: [] })).toEqual([]);
      await expect(run({ signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop');
    });
  });
}

type Rows = readonly AttackRow[];

/** Whether an example was found that is too far away to count. */
function isFarther(row: AttackRow, { norm, epsilon }: Threat, { finds }: AttackDefinition): boolean {
  return finds === 'nearest' && row[norm] > epsilon;
}

async function sameInAnyCompany(run: (variation?: Variation) => Promise<Rows>): Promise<void> {
  const whole = await run();
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 0, max: 40 }),
      async (batchSize, cut) => {
        const shards = [
          await run({ batchSize, to: cut }),
          await run({ batchSize: batchSize + 3, from: cut }),
        ];
        expect(shards.flat()).toEqual(whole);
      },
    ),
    { numRuns: 4 },
  );
}

/** Counts from now on what a model is asked for. */
function countersReset(): (model: LinearClassifier, kind: 'logits' | 'gradients') => number {
  for (const model of [target, ...surrogates]) model.batches.length = 0;
  return (model, kind) =>
    model.batches.filter((batch) => batch.kind === kind).reduce((sum, { count }) => sum + count, 0);
}
