import { expect, test } from 'vitest';
import { temporaryFolder } from '../kit/index.js';
import { runChaos, type ChaosOptions, type ChaosOutcome } from './run.js';
import { FAULTS, scheduleOf, type Fault, type FaultKind } from './schedule.js';

/** A short run, over in a minute; the long ones are `npm run chaos`. */
async function chaos(faults: readonly Fault[], options: Partial<ChaosOptions> = {}): Promise<ChaosOutcome> {
  await using folder = await temporaryFolder();
  return await runChaos({
    folder: folder.path,
    natsServer: 'nats-server',
    brokers: 1,
    coordinators: 2,
    workers: 2,
    fenced: true,
    campaigns: 5,
    seconds: 20,
    patience: 120,
    faults,
    ...options,
  });
}

/** One fault after the other, three seconds apart. */
function inTurn(...kinds: readonly (readonly [FaultKind, number])[]): readonly Fault[] {
  let at = 0;
  return kinds.map(([kind, seconds], whom) => {
    const fault = { at: at + 3, kind, whom, seconds };
    at = fault.at + seconds;
    return fault;
  });
}

test('a schedule is a function of its seed, and every kind comes before any comes again', () => {
  const options = { seed: 5, seconds: 600, every: 5 };
  const faults = scheduleOf(options);
  expect(scheduleOf(options)).toEqual(faults);
  expect(scheduleOf({ ...options, seed: 6 })).not.toEqual(faults);
  const kinds = Object.keys(FAULTS).filter((kind) => kind !== 'fill-disk');
  expect(new Set(faults.slice(0, kinds.length).map(({ kind }) => kind))).toEqual(new Set(kinds));
});

test('campaigns beside one another end as they would undisturbed, whatever is killed, stopped or cut off', async () => {
  const { violations, campaigns } = await chaos(
    inTurn(
      ['kill-compute', 0],
      ['cancel-campaign', 0],
      ['stop-worker', 5],
      ['kill-all', 0],
      ['silence-coordinator', 5],
      ['kill-broker', 0],
    ),
  );
  expect(violations).toEqual([]);
  expect(campaigns).toBeGreaterThan(5);
}, 300_000);

test('the suite fails where results are not fenced', async () => {
  const { violations } = await chaos([], { coordinators: 1, campaigns: 1, seconds: 1, fenced: false });
  expect(violations).toEqual(expect.arrayContaining([expect.stringMatching(/ has 2 results$/)]));
}, 300_000);
