import { expect, test } from 'vitest';

import { progressReporter } from '../../src/sibling/progress-reporter.js';
import { TrainingMeter } from '../../src/train/meter.js';

const report = { loss: 1, accuracy: 0.5 };

test('a meter takes the pace from the steps after the first, as soon as there are any', () => {
  let time = 0;
  const meter = new TrainingMeter(64, () => time);
  const paces = [4000, 5000, 6000].map((at, index) => {
    time = at;
    const { imagesPerSecond, secondsLeft } = meter.read(report, 99 - index);
    return [imagesPerSecond, secondsLeft];
  });
  expect(paces).toEqual([
    [16, 396],
    [64, 98],
    [64, 97],
  ]);
});

test('the first step of a sibling that is trained, or of one that goes on, took time as well', () => {
  let time = 0;
  const details: unknown[] = [];
  const onStep = progressReporter(
    ({ detail }) => details.push(detail),
    () => time,
  );
  time = 2000;
  onStep({ ...report, step: 501, steps: 1000, epochs: 2, batch: 64 });
  expect(details).toEqual(['loss 1.000, accuracy 50.0 %, 32 images/s, 17 min left']);
});
