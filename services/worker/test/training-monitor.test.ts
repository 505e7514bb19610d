import type { Training } from '@unpair/protocol';
import { Readable } from 'node:stream';
import { TrainingCurve, type Checkpoints, type FineTuneProgress } from '@unpair/training';
import { expect, test } from 'vitest';
import { encodeCheckpoint, stepsIn } from '../src/compute/checkpoint-record.js';
import { CurveCheckpoints } from '../src/compute/curve-checkpoints.js';
import { TrainingMonitor } from '../src/compute/training-monitor.js';

const steps = 40;

function stepOf(step: number, measures?: Readonly<Record<string, number>>): FineTuneProgress {
  const progress = { step, steps, epochs: 4, batch: 8, loss: step, accuracy: step / 100 };
  return measures === undefined ? progress : { ...progress, measures };
}

/** What is said of steps that take 300 ms each. */
function follow(
  first: number,
  last: number,
  measured: ReadonlyMap<number, Readonly<Record<string, number>>>,
) {
  let time = 5_000;
  const monitor = new TrainingMonitor({ model: 'unpaired', now: () => time });
  const said: Training[] = [];
  for (let step = first; step <= last; step++) {
    const training = monitor.read(stepOf(step, measured.get(step)));
    if (training !== undefined) said.push(training);
    time += 300;
  }
  return said;
}

test('a second passes between two messages, but the first, the last and measured steps are always told', () => {
  const said = follow(
    1,
    steps,
    new Map([
      [10, { cosine: 0.25, transfer: 0.5 }],
      [12, { cosine: 0.125 }],
    ]),
  );
  const told = said.map(({ step }) => step);
  expect(told).toEqual([1, 5, 9, 10, 12, 16, 20, 24, 28, 32, 36, 40]);
  expect(said[1]).toEqual({
    ...{ model: 'unpaired', step: 5, steps, epochs: 4, measures: {} },
    // Of steps 2 to 5; 35 steps of 300 ms are left.
    ...{ loss: 3.5, accuracy: 0.035, secondsLeft: 10.5 },
  });
  expect(said[3]).toMatchObject({ loss: 10, measures: { cosine: 0.25, transfer: 0.5 } });
  expect(said.at(-1)).toMatchObject({ measures: { cosine: 0.125, transfer: 0.5 }, secondsLeft: 0 });
});

test('the time left is that of the steps that this process has seen, and unknown at the first of them', () => {
  const said = follow(31, steps, new Map());
  expect(said.map(({ step, secondsLeft }) => [step, secondsLeft])).toEqual([
    [31, 0],
    [35, 1.5],
    [39, 0.3],
    [40, 0],
  ]);
});

test('a measure that could not be had is left out, here and in the curve', () => {
  const monitor = new TrainingMonitor({ model: 'unpaired' });
  const training = monitor.read(stepOf(1, { cosine: NaN, transfer: 0.5 }));
  expect(training?.measures).toEqual({ transfer: 0.5 });
  expect(monitor.curve.points).toEqual([{ step: 1, loss: 1, accuracy: 0.01, measures: { transfer: 0.5 } }]);
});

class MemoryCheckpoints implements Checkpoints {
  bytes: Uint8Array | undefined;
  isDue(step: number): boolean {
    return step % 7 === 0;
  }
  load(): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.bytes);
  }
  save(bytes: Uint8Array): Promise<void> {
    this.bytes = bytes;
    return Promise.resolve();
  }
}

test('a checkpoint gives back the state and the curve that were saved with it; one that is damaged is none', async () => {
  const memory = new MemoryCheckpoints();
  const curve = new TrainingCurve(10);
  for (let step = 1; step <= 9; step++) curve.add(stepOf(step, { cosine: step / 7 }));
  await new CurveCheckpoints(memory, curve).save(Uint8Array.of(1, 2, 3));
  const later = new TrainingCurve(10);
  const checkpoints = new CurveCheckpoints(memory, later);
  expect([...((await checkpoints.load()) ?? [])]).toEqual([1, 2, 3]);
  expect(later.state).toEqual(curve.state);
  const whole = memory.bytes ?? new Uint8Array();
  for (const length of [0, 1, 39, 40, 60, whole.length - 1]) {
    memory.bytes = whole.subarray(0, length);
    expect(await checkpoints.load()).toBeUndefined();
  }
  memory.bytes = undefined;
  expect(await checkpoints.load()).toBeUndefined();
});

test('a state is saved after so many steps, and after half a minute however few there were', async () => {
  let now = 0;
  const checkpoints = new CurveCheckpoints(new MemoryCheckpoints(), new TrainingCurve(10), () => now);
  expect([6, 7, 8].map((step) => checkpoints.isDue(step))).toEqual([false, true, false]);
  now = 30_000;
  expect(checkpoints.isDue(8)).toBe(true);
  await checkpoints.save(Uint8Array.of(1));
  expect(checkpoints.isDue(9)).toBe(false);
});

test('the steps of a record are read from pieces of any size, and none from one that is damaged', async () => {
  const curve = new TrainingCurve(10);
  for (let step = 1; step <= 9; step++) curve.add(stepOf(step));
  const bytes = encodeCheckpoint({ curve: curve.state, state: new Uint8Array(100).fill(7) });
  const pieces = (all: Uint8Array, size: number): AsyncIterable<Uint8Array> =>
    Readable.from(
      Array.from({ length: Math.ceil(all.length / size) }, (_, k) => all.subarray(k * size, (k + 1) * size)),
    );
  for (const size of [1, 5, 31, 32, 33, 40, 41, 1_000]) expect(await stepsIn(pieces(bytes, size))).toBe(9);
  for (const length of [0, 20, 35, 40, 100])
    expect(await stepsIn(pieces(bytes.subarray(0, length), 9))).toBeUndefined();
  bytes[bytes.length - 1] = 8;
  expect(await stepsIn(pieces(bytes, 9))).toBeUndefined();
});
