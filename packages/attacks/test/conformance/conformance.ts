import type { AttackDefinition, AttackRow } from '@unpair/attacks';
import { runAttack } from '@unpair/attacks';
import type { DifferentiableClassifier } from '@unpair/classifiers';
import type { Norm } from '@unpair/numerics';
import type { Parameters } from '@unpair/parameters';
import { describe, expect, test } from 'vitest';

import type { Access, Offer } from '../../src/access.js';
import {
  LinearClassifier,
  labelledSamples,
  randomModel,
  siblingOf,
} from '../../../classifiers/test/support/linear-classifier.js';

const SHAPE = [2, 5, 5] as const;
const CLASSES = 4;
const target = randomModel('target', SHAPE, CLASSES);
const surrogates = [siblingOf(target), randomModel('stranger', SHAPE, CLASSES)];
const samples = await labelledSamples(target, 16);

/** The goals that a definition has, each in one of its forms. */
const GOALS = { avoid: 'avoid', reach: { reach: 'next' } } as const;
/** What an answer of the target holds, by what an attack declares that it sees. */
const SEEN: Readonly<Record<Access, readonly string[]>> = {
  labels: ['labels'],
  'top-k': ['best', 'scores'],
  scores: ['scores'],
  logits: ['logits'],
};

type Rows = readonly AttackRow[];

interface Variation {
  readonly batchSize?: number;
  readonly of?: typeof samples;
  readonly target?: DifferentiableClassifier;
  readonly surrogates?: readonly DifferentiableClassifier[];
  readonly offer?: Offer;
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
  epsilon: Readonly<Record<Norm, number>> = { linf: 0.05, l2: 0.4 },
): void {
  const cases = definition.norms.flatMap((norm) =>
    definition.goals.map((kind) => {
      const radius = epsilon[norm] * (kind === 'avoid' ? 1 : 6);
      return [norm, kind, { norm, epsilon: radius }, GOALS[kind]] as const;
    }),
  );
  describe.each(cases)(`${definition.name} under %s to %s`, (norm, _kind, threat, goal) => {
    const run = ({ of = samples, batchSize = 16, ...others }: Variation = {}): Promise<Rows> => {
      const common = { definition, parameters, target, surrogates, threat, goal, seed: 7, cell: 'test' };
      return runAttack({ ...common, samples: of, batchSize, ...others });
    };
    const budget = definition.budget === null ? 1 : Number(parameters[definition.budget]);

    test('counts are what the models saw, within budget, and examples within the threat', async () => {
      for (const model of [target, ...surrogates]) model.batches.length = 0;
      let told = 0;
      const rows = await run({ onQueries: (count) => (told += count) });
      const sum = (of: (row: AttackRow) => number): number => rows.reduce((total, row) => total + of(row), 0);
      const billed = sum(({ queries }) => queries);
      const attacked = samples.length;
      expect(told).toBe(billed);
      expect(seen(target, 'logits')).toBe(attacked + billed + rows.filter(({ success }) => success).length);
      expectCounted(
        surrogates.map((model) => seen(model, 'gradients')),
        sum((row) => row.surrogateQueries),
      );
      expectCounted(
        surrogates.map((model) => seen(model, 'logits') - attacked),
        sum((row) => row.surrogateForwards),
      );
      expect(rows.some(({ success }) => success)).toBe(true);
      for (const row of rows) {
        expect(row.queries).toBeLessThanOrEqual(budget);
        if (row.success) expect(row[norm]).toBeLessThanOrEqual(threat.epsilon + 1e-6);
        if (row.success) expect(row.queries).toBeGreaterThan(0);
        if (row.successRounded) expect(row.success).toBe(true);
        const isFarther = definition.finds === 'nearest' && row[norm] > threat.epsilon;
        expect(row.linf > 0).toBe(row.success || isFarther);
      }
    });

    test('rows are the same in any company, one sample among them, and from a target that gives no more than is needed', async () => {
      const whole = await run();
      const half = samples.length / 2;
      const shards = [
        ...(await run({ batchSize: 1, of: samples.slice(0, half) })),
        ...(await run({ batchSize: 70, of: samples.slice(half).toReversed() })),
      ];
      expect(shards.toSorted((a, b) => a.sample - b.sample)).toEqual(whole);
      const { access } = definition;
      const offer = access === 'top-k' ? { access, k: 2 } : { access };
      const [first] = await run({ of: samples.slice(3, 4), offer });
      expect(first).toEqual(whole.find(({ sample }) => sample === first?.sample));
    });

    test('it ends where there is nothing to find or to go by', async () => {
      const wrong = samples.filter(({ index }) => index % 7 === 6);
      expect((await run({ of: wrong })).map(({ cleanCorrect, queries }) => [cleanCorrect, queries])).toEqual(
        wrong.map(() => [false, 0]),
      );
      expect(await run({ of: [] })).toEqual([]);
      const few = samples.slice(0, 3);
      const zero = new LinearClassifier(SHAPE, CLASSES, new Float32Array(target.weights.length));
      const constant = { of: few.map((sample) => ({ ...sample, label: 0 })), surrogates: [zero] };
      for (const row of await run({ ...constant, target: zero })) expectNothing(row, budget);
      for (const row of await run({ of: few, target: silent(few.length), surrogates: [silent(0)] })) {
        expectNothing(row, budget);
      }
      // Without a surrogate's word the target may still be led astray, by chance or by search.
      expect(await run({ of: few, surrogates: [silent(0)] })).toHaveLength(few.length);
    });

    test('once it is aborted no batch begins', async () => {
      const stop = new AbortController();
      let after = 0;
      const watch = (model: LinearClassifier): DifferentiableClassifier => {
        const count = (): void => {
          if (stop.signal.aborted) after++;
          else if (++batches === 4) stop.abort(new Error('stop'));
        };
        return {
          ...{ shape: model.shape, classes: model.classes, close: () => model.close() },
          logits: (inputs, rows) => (count(), model.logits(inputs, rows)),
          gradients: (inputs, objective, rows) => (count(), model.gradients(inputs, objective, rows)),
        };
      };
      let batches = 0;
      const watched = { target: watch(target), surrogates: surrogates.map(watch), batchSize: 8 };
      await expect(run({ ...watched, signal: stop.signal })).rejects.toThrow('stop');
      expect(after).toBe(0);
    });

    test(`it sees ${definition.access} and nothing else`, async () => {
      const fields = new Set<string>();
      const note = (one: object): void => {
        for (const field of Object.keys(one)) fields.add(field);
      };
      const spied: AttackDefinition = {
        ...definition,
        *run(problem, given, random) {
          note(problem.clean);
          const attack = definition.run(problem, given, random);
          for (let step = attack.next(); step.done !== true;) {
            const answer = yield step.value;
            if (answer.kind === 'query') note(answer);
            step = attack.next(answer);
          }
        },
      };
      const common = { parameters, target, surrogates, threat, goal, seed: 7, cell: 'test' };
      await runAttack({ ...common, definition: spied, samples: samples.slice(0, 2) });
      const allowed = ['kind', 'remaining', ...SEEN[definition.access]];
      expect([...fields].filter((field) => !allowed.includes(field))).toEqual([]);
    });
  });
}

/** How many inputs a model was asked for. */
function seen(model: LinearClassifier, kind: 'logits' | 'gradients'): number {
  return model.batches.filter((batch) => batch.kind === kind).reduce((sum, { count }) => sum + count, 0);
}

/** Rows have, of several surrogates, the count of the one that was asked most. */
function expectCounted(asked: readonly number[], counted: number): void {
  expect(Math.max(...asked)).toBeLessThanOrEqual(counted);
  expect(asked.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(counted);
}

function expectNothing({ success, queries }: AttackRow, budget: number): void {
  expect(success).toBe(false);
  expect(queries).toBeLessThanOrEqual(budget);
}

/** The target, which answers its first `answers` inputs and then NaN, without gradients. */
function silent(answers: number): DifferentiableClassifier {
  let left = answers;
  return {
    ...{ shape: SHAPE, classes: CLASSES, close: () => Promise.resolve() },
    logits: async (inputs, count) => {
      const logits = await target.logits(inputs, count);
      for (let row = 0; row < count; row++) {
        if (left-- <= 0) logits.fill(Number.NaN, row * CLASSES, (row + 1) * CLASSES);
      }
      return logits;
    },
    gradients: (inputs, _objective, count) =>
      Promise.resolve({
        values: new Float32Array(count).fill(Number.NaN),
        gradients: new Float32Array(inputs.length),
        invalid: new Int32Array(count).fill(inputs.length / count),
        logits: new Float32Array(count * CLASSES).fill(Number.NaN),
      }),
  };
}
