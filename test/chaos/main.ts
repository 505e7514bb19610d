import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runChaos, type ChaosOutcome } from './run.js';
import { faultsIn, scheduleOf } from './schedule.js';

/** `npm run chaos -- --minutes 30 --seed 1`: see docs/chaos.md. */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    every: { type: 'string', default: '8' },
    campaigns: { type: 'string', default: '20' },
    workers: { type: 'string', default: '2' },
    coordinators: { type: 'string', default: '2' },
    brokers: { type: 'string', default: '1' },
    faults: { type: 'string' },
    joining: { type: 'string', default: '3' },
    store: { type: 'string' },
    'clocks-off': { type: 'boolean', default: false },
    'nats-server': { type: 'string', default: 'nats-server' },
    'no-fence': { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});

const seconds = 60 * Number(values.minutes);
const folder = await mkdtemp(join(tmpdir(), 'unpair-chaos-'));
const outcome = await runChaos({
  folder,
  natsServer: values['nats-server'],
  brokers: values.brokers === '3' ? 3 : 1,
  coordinators: Number(values.coordinators),
  workers: Number(values.workers),
  fenced: !values['no-fence'],
  campaigns: Number(values.campaigns),
  joining: Number(values.joining),
  store: values.store,
  clocksOff: values['clocks-off'],
  faults:
    values.faults === undefined
      ? scheduleOf({ seed: Number(values.seed), seconds, every: Number(values.every) })
      : faultsIn(values.faults),
  seconds,
  patience: 300,
  onEvent: (text) => process.stdout.write(`${text}\n`),
});
print(outcome);
if (outcome.violations.length > 0 || values.keep) process.stdout.write(`Logs and data: ${folder}\n`);
else await rm(folder, { recursive: true, force: true });
process.exit(outcome.violations.length === 0 ? 0 : 1);

function print({ violations, campaigns, worst, restarts }: ChaosOutcome): void {
  const lines = [...worst].map(
    ([kind, { count, seconds: longest }]) => `| ${kind} | ${count} | ${longest.toFixed(1)} |`,
  );
  const verdict = violations.length === 0 ? 'every invariant holds' : `${violations.length} violations`;
  process.stdout.write(
    `\n${campaigns} campaigns, ${restarts} restarts: ${verdict}\n\n` +
      '| fault | times | longest until the next result, s |\n| --- | --- | --- |\n' +
      `${lines.sort().join('\n')}\n\n${violations.map((text) => `- ${text}\n`).join('')}`,
  );
}
