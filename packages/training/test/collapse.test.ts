import { expect, test } from 'vitest';
import { CollapseWatch } from '../src/collapse.js';

test('a run that goes on is judged by the steps before its checkpoint as well, not by its first batch alone', () => {
  const watch = new CollapseWatch(10);
  for (let step = 1; step <= 60; step++) watch.read({ step, loss: 1, accuracy: 0.9 + step / 1_000 });
  const resumed = new CollapseWatch(10);
  resumed.restore(watch.encode());
  // One unlucky batch of a small size says nothing of a run that does well.
  for (const one of [watch, resumed]) one.read({ step: 61, loss: 1, accuracy: 0 });
  expect(() => {
    resumed.judge(61);
  }).not.toThrow();
  expect(resumed.encode()).toEqual(watch.encode());
  expect(() => {
    resumed.restore(new Map());
  }).toThrow('the checkpoint is damaged');
});
