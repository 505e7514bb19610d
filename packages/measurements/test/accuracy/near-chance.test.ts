import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { nearChance } from '@unpair/measurements';
import type { Answer } from '@unpair/measurements';

/** So many answers on as many samples of each class, of which `correct` are right. */
function answers(correct: number, samples: number, classes: number): readonly Answer[] {
  return Array.from({ length: samples }, (_, sample) => {
    const label = sample % classes;
    return { label, predicted: sample < correct ? label : (label + 1) % classes };
  });
}

const isNearChance = (...[correct, samples, classes]: Parameters<typeof answers>): boolean =>
  nearChance(answers(correct, samples, classes)) !== undefined;

describe('a model is near chance', () => {
  test.each([
    [13, 100, 10],
    [26, 200, 10],
    [1_300, 10_000, 10],
    [10, 100, 10],
    [0, 100, 10],
    [0, 4, 4],
    [1, 12, 10],
    [50, 100, 2],
    [500, 1_000, 2],
    [1, 200, 200],
  ])('with %d of %d right among %d classes', (...measured) => {
    expect(isNearChance(...measured)).toBe(true);
  });

  test.each([
    [20, 100, 10],
    [50, 100, 10],
    [3, 4, 4],
    [3, 4, 2],
    [2, 4, 2],
    [1, 2, 2],
    [1, 1, 1],
    [0, 1, 2],
    [75, 100, 2],
    [90, 100, 2],
    [5, 200, 200],
  ])('and not with %d of %d right among %d classes', (...measured) => {
    expect(isNearChance(...measured)).toBe(false);
  });

  test('which is said with counts, shares and what to look at', () => {
    expect(nearChance(answers(26, 200, 10))).toBe(
      'is right on 26 of 200 samples (13.0 %), hardly better than guessing among 10 classes (10.0 %): check its layout, ' +
        'preprocessing (range, channels, mean, std) and the order of its classes',
    );
    expect(nearChance([])).toBeUndefined();
  });

  test('whatever it answers always, and although all images are of one class', () => {
    const labels = Array.from({ length: 100 }, (_, sample) => sample % 10);
    expect(nearChance(labels.map((label) => ({ label, predicted: 3 })))).toMatch(
      /^is right on 10 of 100 samples \(10\.0 %\), hardly better than guessing among 10 classes/,
    );
    const sorted = labels.map((_, sample) => ({ label: 0, predicted: sample < 90 ? 0 : 1 }));
    expect(nearChance(sorted)).toBeUndefined();
  });
});

const measured = fc.integer({ min: 2, max: 50 }).chain((classes) =>
  fc.integer({ min: classes, max: 300 }).chain((samples) =>
    fc.record({
      classes: fc.constant(classes),
      samples: fc.constant(samples),
      correct: fc.nat(samples),
    }),
  ),
);

test('one answer more that is right never makes a model worse', () => {
  fc.assert(
    fc.property(measured, ({ correct, samples, classes }) => {
      fc.pre(correct < samples && !isNearChance(correct, samples, classes));
      expect(isNearChance(correct + 1, samples, classes)).toBe(false);
    }),
    { seed: 1 },
  );
});

test('a model that passes on many samples passes on fewer with the same share', () => {
  fc.assert(
    fc.property(measured, fc.integer({ min: 2, max: 5 }), ({ correct, samples, classes }, times) => {
      fc.pre(!isNearChance(correct * times, samples * times, classes));
      expect(isNearChance(correct, samples, classes)).toBe(false);
    }),
    { seed: 1 },
  );
});

test('answers may be counted before, and come in any order', () => {
  fc.assert(
    fc.property(measured, ({ correct, samples, classes }) => {
      const all = answers(correct, samples, classes);
      const counts = new Map<string, Required<Answer>>();
      for (const answer of all) {
        const key = `${answer.label} ${answer.predicted}`;
        counts.set(key, { ...answer, count: (counts.get(key)?.count ?? 0) + 1 });
      }
      expect(nearChance([...counts.values()].toReversed())).toBe(nearChance(all));
    }),
    { seed: 1 },
  );
});
