import type { Plan, PlannedTask } from '@unpair/campaign';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ReleaseOrder } from '../src/campaigns/release-order.js';

/** Tasks 0 … derived − 1 make model k from the models in `needs`; the rest only need models. */
function planOf(needs: readonly (readonly number[])[], derived: number): Plan {
  const task = (index: number): PlannedTask => {
    const common = { index, needs: (needs[index] ?? []).map((model) => `m${model}`) };
    if (index >= derived) {
      return { ...common, stage: 'measure', kind: 'accuracy', model: 'm', samples: { first: 0, count: 1 } };
    }
    const recipe = { recipe: 'quantize', parameters: {}, trainingSamples: 0, heldOut: null };
    return {
      ...common,
      stage: 'derive',
      kind: 'derive',
      model: `m${index}`,
      of: 'file',
      from: null,
      ...recipe,
    };
  };
  return { size: needs.length, blocks: [0], cells: [], adaptive: [], task };
}

const plans = fc.integer({ min: 0, max: 6 }).chain((derived) =>
  fc
    .array(fc.array(fc.nat(Math.max(0, derived - 1)), { maxLength: 3 }), {
      minLength: derived,
      maxLength: 40,
    })
    .map((needs) => ({
      derived,
      // A model is made only from models before it; without models nothing needs one.
      needs: needs.map((models, index) =>
        models.filter((model) => derived > 0 && model < Math.max(index, 0)),
      ),
    })),
);

test('every task is released once, after what it needs, or abandoned because that failed', () => {
  const runs = fc.tuple(
    plans,
    fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
    fc.integer({ min: 1, max: 5 }),
  );
  fc.assert(
    fc.property(runs, ([{ derived, needs }, succeeds, window]) => {
      const order = new ReleaseOrder(planOf(needs, derived));
      const made = new Set<string>();
      const seen = new Map<number, 'released' | 'abandoned'>();
      const inFlight: PlannedTask[] = [];
      const abandon = ({ index }: PlannedTask): void => void seen.set(index, 'abandoned');
      for (;;) {
        const task = inFlight.length < window ? order.next((index) => !seen.has(index), abandon) : undefined;
        if (task !== undefined) {
          expect(task.needs.every((model) => made.has(model))).toBe(true);
          seen.set(task.index, 'released');
          inFlight.push(task);
          continue;
        }
        const finished = inFlight.shift();
        if (finished === undefined) break;
        if (finished.kind !== 'derive') continue;
        if (succeeds[finished.index] === true) {
          made.add(finished.model);
          order.modelMade(finished.model);
        } else order.modelFailed(finished.model);
      }
      expect(seen.size).toBe(needs.length);
    }),
  );
});

test('what comes first is all that comes until the order is opened', () => {
  const order = new ReleaseOrder(planOf([[], [], [], [0], []], 2), [2, 4]);
  const seen = new Set<number>();
  const next = (): number | undefined => {
    const task = order.next(
      (index) => !seen.has(index),
      () => undefined,
    );
    if (task !== undefined) seen.add(task.index);
    return task?.index;
  };
  expect([next(), next(), next()]).toEqual([2, 4, undefined]);
  seen.delete(4);
  order.putBack(4);
  expect([next(), next()]).toEqual([4, undefined]);
  order.open();
  expect([next(), next(), next()]).toEqual([0, 1, undefined]);
  order.modelMade('m0');
  expect([next(), next()]).toEqual([3, undefined]);
});

test('a task that could not be published is the next one to come', () => {
  const order = new ReleaseOrder(planOf([[], [], []], 0));
  const first = order.next(
    () => true,
    () => undefined,
  );
  order.putBack(first?.index ?? -1);
  const indices = [1, 2, 3].map(
    () =>
      order.next(
        () => true,
        () => undefined,
      )?.index,
  );
  expect(indices).toEqual([0, 1, 2]);
});
