import type { FineTuneProgress } from '@unpair/training';
import { TrainingCurve } from '@unpair/training';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

/** Step `step` of `steps`, with the step as its loss and what a tenth of the steps measure. */
function stepOf(step: number, steps: number): FineTuneProgress {
  const progress = { step, steps, epochs: 1, batch: 8, loss: step, accuracy: 1 / step };
  return step % 10 === 0 ? { ...progress, measures: { cosine: step / 1000 } } : progress;
}

function curveOf(steps: number, limit: number): TrainingCurve {
  const curve = new TrainingCurve(limit);
  for (let step = 1; step <= steps; step++) curve.add(stepOf(step, steps));
  return curve;
}

describe('a training curve', () => {
  it('has each step of a short run', () => {
    expect(curveOf(3, 100).points).toEqual([
      { step: 1, loss: 1, accuracy: 1, measures: {} },
      { step: 2, loss: 2, accuracy: 1 / 2, measures: {} },
      { step: 3, loss: 3, accuracy: 1 / 3, measures: {} },
    ]);
  });

  it('has means over stretches of a long run, the last one shorter, and the last of each measure', () => {
    const { points } = curveOf(50, 3);
    expect(points.map(({ step, loss }) => [step, loss])).toEqual([
      [17, 9],
      [34, 26],
      [50, 42.5],
    ]);
    expect(points.map(({ measures }) => measures)).toEqual([
      { cosine: 0.01 },
      { cosine: 0.03 },
      { cosine: 0.05 },
    ]);
  });

  it('ends with the step at which the run stopped early, and what was measured there', () => {
    const curve = new TrainingCurve(3);
    for (let step = 1; step <= 20; step++) curve.add(stepOf(step, 50));
    expect(curve.points.map(({ step, loss, measures }) => [step, loss, measures])).toEqual([
      [17, 9, { cosine: 0.01 }],
      [20, 19, { cosine: 0.02 }],
    ]);
  });

  it('is the same when the run stops anywhere and goes on, and never longer than its limit', () => {
    const run = fc.tuple(
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: 1, max: 30 }),
    );
    fc.assert(
      fc.property(run, ([steps, stop, limit]) => {
        const whole = curveOf(steps, limit);
        expect(whole.points.length).toBeLessThanOrEqual(limit);
        expect(whole.points.at(-1)?.step).toBe(steps);
        const first = new TrainingCurve(limit);
        for (let step = 1; step <= Math.min(stop, steps); step++) first.add(stepOf(step, steps));
        const rest = new TrainingCurve(limit);
        rest.restore(first.state);
        for (let step = stop + 1; step <= steps; step++) rest.add(stepOf(step, steps));
        expect(rest.points).toEqual(whole.points);
      }),
    );
  });

  it('begins anew with a run that begins anew', () => {
    const curve = curveOf(20, 5);
    for (let step = 1; step <= 20; step++) curve.add(stepOf(step, 20));
    expect(curve.points).toEqual(curveOf(20, 5).points);
  });
});
