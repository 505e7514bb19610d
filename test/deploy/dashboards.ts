/**
 * Shows that no panel is empty and every rule is evaluated: a real Prometheus scrapes a coordinator and two workers through a
 * campaign, a failure of the broker and of a worker, a restart, the end and an idle hour. Writes docs/dashboards.md. Needs a build and
 * Debian's package `prometheus`: `npm run dashboards`, with `-- --idle MINUTES` for another time than an hour.
 */
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { eventually, temporaryFolder } from '../kit/index.js';
import { writeTinyCampaign } from '../kit/tiny-campaign.js';
import { complaints, panelTable, ruleTable, type Look, type Prometheus } from './panel-table.js';
import { WatchedCluster } from './watched-cluster.js';

/** Longer than any rate looks back, and than figures take to be made anew. */
const settling = 45_000;

const introduction = `# Dashboards

Three, in \`deploy/grafana\`, generated from the TypeScript beside them (\`npm run gen\`): **cluster** for who runs one, **campaign** for who runs a
campaign, **workers** for who looks after machines. Variables choose tenants (the label \`tenant\` of a submission), campaigns and workers.
Campaigns have series until an hour after their end; live figures are made of campaigns of at most 200 cells and 20,000 tasks
([decision 72](decisions/0072-live-figures-are-the-report.md)).

Written by \`npm run dashboards\`: a real Prometheus scrapes a coordinator and two workers through a campaign (_campaign_); the broker and a
worker are killed, until the alert of it fires (_failure_); they are back and the campaign goes on (_restart_); it has ended (_after_); and
IDLE min later (_idle_).

## Panels

A cell has the number of series and the value of the first one; – where there is nothing, which a panel then says.

`;

/** Waits for a condition on a value of Prometheus. */
async function until(
  prometheus: Prometheus,
  expression: string,
  holds: (value: number) => boolean,
  seconds: number,
): Promise<void> {
  await eventually(async () => {
    const value = await prometheus.value(expression);
    if (!holds(value)) throw new Error(`${expression} is ${value}`);
    await sleep(500);
  }, seconds);
}

const progress = 'max(unpair_campaign_progress_ratio)';

async function observe(
  cluster: WatchedCluster,
  file: string,
  idleMinutes: number,
): Promise<Map<string, Look>> {
  const { prometheus, nats, workers } = cluster;
  const times = new Map<string, Look>();
  const look = async (time: string): Promise<void> => {
    times.set(time, await prometheus.look());
    process.stdout.write(
      `${new Date().toISOString()} ${time}: ${await prometheus.value(progress)} of the campaign\n`,
    );
  };
  await until(prometheus, 'sum(unpair_workers{state="idle"})', (count) => count === 2, 120);
  cluster.run(file);
  await until(prometheus, 'count(unpair_campaign_amplification)', (count) => count > 0, 600);
  await look('campaign');
  await nats.kill();
  workers[0]?.kill();
  await until(prometheus, 'count(ALERTS{alertstate="firing"})', (count) => count > 0, 300);
  await look('failure');
  await nats.restart();
  await until(prometheus, `count(ALERTS) or vector(0)`, (count) => count === 0, 120);
  await until(prometheus, progress, (ratio) => ratio > 0, 120);
  await sleep(settling);
  await look('restart');
  await until(prometheus, progress, (ratio) => ratio === 1, 900);
  await sleep(settling);
  await look('after');
  await sleep(60_000 * idleMinutes);
  await look('idle');
  return times;
}

/** Alerts that should fire; a failure has no leader and so no panels of campaigns, and an idle hour no campaigns. */
const expected = {
  campaign: { alerts: [], panels: true },
  failure: { alerts: ['BrokerAway'], panels: false },
  restart: { alerts: [], panels: true },
  after: { alerts: [], panels: true },
  idle: { alerts: [], panels: false },
};

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { idle: { type: 'string', default: '60' } } });
  await using folder = await temporaryFolder();
  const size = { samples: 240, shardSize: 3, budget: 10_000, epsilon: '16/255' };
  const file = await writeTinyCampaign(folder.path, size);
  await using cluster = await WatchedCluster.start(folder.path);
  const times = await observe(cluster, file, Number(values.idle));
  const text = `${introduction.replace('IDLE', values.idle)}${panelTable(times)}\n## Rules\n\n${ruleTable(times)}`;
  await writeFile(fileURLToPath(new URL('../../docs/dashboards.md', import.meta.url)), text);
  const wrong = Object.entries(expected).flatMap(([time, should]) => {
    const seen = times.get(time);
    return seen === undefined ? [`${time} is missing`] : complaints(time, seen, should);
  });
  process.stdout.write(`${wrong.length} complaints\n${wrong.join('\n')}\n`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}

await main();
