import type { AttackDefinition } from '@unpair/attacks';
import { runAttack } from '@unpair/attacks';
import { expect, test } from 'vitest';

import { gradient, query } from '../../src/requests.js';
import { stepUp } from '../../src/transfer/ascent.js';
import { conforms } from '../conformance/conformance.js';
import {
  labelledSamples,
  randomModel,
  siblingOf,
} from '../../../classifiers/test/support/linear-classifier.js';

/** Two surrogates in turn, each asked for the margin of the class that it holds likeliest after the label. */
const alternating: AttackDefinition<'labels'> = {
  name: 'alternating',
  description: 'Climbs the margins of two surrogates in turn.',
  paper: 'none: a test',
  access: 'labels',
  goals: ['avoid'],
  finds: 'within-epsilon',
  needsSurrogate: true,
  budget: null,
  norms: ['linf', 'l2'],
  parameters: {},
  *run(problem) {
    const { goal, input, classes } = problem;
    if (goal.kind === 'reach') return;
    const point = input.slice();
    for (let step = 0; step < 9; step++) {
      const surrogate = step % problem.surrogates;
      const { logits } = yield* gradient(surrogate, { kind: 'cross-entropy', label: goal.label }, point);
      const others = logits.map((logit, k) => (k === goal.label ? -Infinity : logit));
      const weights = new Float32Array(classes);
      weights[goal.label] = -1;
      weights[others.indexOf(Math.max(...others))] = 1;
      const { values, gradients } = yield* gradient(surrogate, { kind: 'combination', weights }, point);
      // The margin is what the weights say of the logits.
      const margin = logits.reduce((sum, logit, k) => sum + logit * (weights[k] ?? 0), 0);
      if (Math.abs((values[0] ?? NaN) - margin) > 1e-4) throw new Error(`${values[0]} instead of ${margin}`);
      stepUp(point, gradients, problem.epsilon / 3, { centre: input, threat: problem });
    }
    yield* query(problem, point);
  },
};

conforms(alternating, {});

const target = randomModel('target');
const [first, second] = [siblingOf(target), randomModel('stranger')];
const samples = (await labelledSamples(target, 14)).filter(({ index }) => index % 7 !== 6);
const common = {
  parameters: {},
  target,
  samples,
  threat: { norm: 'linf', epsilon: 0.06 } as const,
  seed: 1,
  cell: '',
};

test('surrogates are asked by their index, and the one that was asked most is counted', async () => {
  for (const model of [first, second]) model.batches.length = 0;
  const rows = await runAttack({ ...common, definition: alternating, surrogates: [first, second] });
  const asked = (model: typeof first): number =>
    model.batches.filter(({ kind }) => kind === 'gradients').reduce((sum, { count }) => sum + count, 0);
  // Steps 0, 2, …, 8 and 1, 3, …, 7, two gradients each.
  expect([asked(first), asked(second)]).toEqual([10 * samples.length, 8 * samples.length]);
  expect(rows.map(({ surrogateQueries }) => surrogateQueries)).toEqual(samples.map(() => 10));
});

test('the order of surrogates is theirs', async () => {
  const rows = await runAttack({ ...common, definition: alternating, surrogates: [first, second] });
  const turned = await runAttack({ ...common, definition: alternating, surrogates: [second, first] });
  expect(turned.map(({ linf, l2 }) => [linf, l2])).not.toEqual(rows.map(({ linf, l2 }) => [linf, l2]));
});

test('a surrogate that there is not, or weights of other classes, are a fault of the attack', async () => {
  const asking = (index: number, weights: number): AttackDefinition<'labels'> => ({
    ...alternating,
    *run(problem) {
      yield* gradient(index, { kind: 'combination', weights: new Float32Array(weights) }, problem.input);
    },
  });
  await expect(runAttack({ ...common, definition: asking(1, 5), surrogates: [first] })).rejects.toThrow(
    'asked surrogate 1 of 1',
  );
  await expect(runAttack({ ...common, definition: asking(0, 4), surrogates: [first] })).rejects.toThrow(
    'a combination of 5 logits needs as many weights',
  );
});

test('surrogates that differ in their inputs or classes are refused', async () => {
  const wider = randomModel('wider', [3, 8, 6]);
  await expect(runAttack({ ...common, definition: alternating, surrogates: [first, wider] })).rejects.toThrow(
    'members must be alike',
  );
});
