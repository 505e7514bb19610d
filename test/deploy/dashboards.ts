/**
 * Shows that no panel is empty: a real Prometheus scrapes a coordinator and two workers through a real campaign and after it, and
 * every expression of every dashboard is evaluated. Writes docs/dashboards.md. Needs a build and Debian's package `prometheus`;
 * takes some minutes: `npm run dashboards`.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../cli/src/local/free-port.js';
import { dashboards } from '../../deploy/grafana/dashboard.js';
import type { Panel } from '../../deploy/grafana/panel.js';
import { eventually, temporaryFolder, TestNatsServer } from '../kit/index.js';
import { writeTinyCampaign } from '../kit/tiny-campaign.js';
import { prometheusFolder } from './promtool.js';

const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const children: ChildProcess[] = [];

function start(
  command: string,
  words: readonly string[],
  environment: Record<string, string> = {},
): ChildProcess {
  const child = spawn(command, [...words], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, UNPAIR_LOG_LEVEL: 'error', ...environment },
  });
  children.push(child);
  return child;
}

async function end(): Promise<void> {
  for (const child of children.reverse()) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  }
}

/** What a panel shows at a time: its number of series, and an example of each query. */
interface Shown {
  readonly dashboard: string;
  readonly panel: Panel;
  readonly series: number;
  readonly example: string;
}

interface Answer {
  readonly data: {
    readonly result: readonly { readonly metric: object; readonly value: [number, string] }[];
  };
}

async function query(prometheus: string, expression: string): Promise<Answer['data']['result']> {
  const filled = expression
    .replaceAll('$__rate_interval', '30s')
    .replaceAll(/\$(?:campaign|tenant|instance)/g, '.*');
  const answer = await fetch(`http://${prometheus}/api/v1/query?query=${encodeURIComponent(filled)}`);
  if (!answer.ok) throw new Error(`${expression}: ${await answer.text()}`);
  return ((await answer.json()) as Answer).data.result;
}

async function look(prometheus: string): Promise<Shown[]> {
  const shown: Shown[] = [];
  for (const { title, sections } of dashboards.values())
    for (const panel of sections.flatMap(({ panels }) => panels)) {
      const results = await Promise.all(panel.queries.map(({ expression }) => query(prometheus, expression)));
      const series = results.flat();
      const [first] = series;
      const example = first === undefined ? '–' : Number(first.value[1]).toPrecision(3);
      shown.push({ dashboard: title, panel, series: series.length, example });
    }
  return shown;
}

function tableOf(times: ReadonlyMap<string, readonly Shown[]>): string {
  const names = [...times.keys()];
  const rows = [...(times.get(names[0] ?? '') ?? [])].map(({ dashboard, panel }, at) => {
    const cells = names.map((name) => {
      const { series = 0, example = '' } = times.get(name)?.[at] ?? {};
      return series === 0 ? `– (${panel.otherwise ?? 'EMPTY'})` : `${series}: ${example}`;
    });
    return `| ${dashboard.replace('Unpair: ', '')} | ${panel.title} | ${panel.unit} | ${cells.join(' | ')} |`;
  });
  const head = `| dashboard | panel | unit | ${names.join(' | ')} |\n| --- | --- | --- | ${names.map(() => '---').join(' | ')} |`;
  return `${head}\n${rows.join('\n')}\n`;
}

const introduction = `# Dashboards

Three, in \`deploy/grafana\`, generated from the TypeScript beside them (\`npm run gen\`): **cluster** for who runs one, **campaign** for who runs a
campaign, **workers** for who looks after machines. Variables choose tenants (the label \`tenant\` of a submission), campaigns and workers.
Campaigns have series until an hour after their end; live figures are made of campaigns of at most 200 cells and 20,000 tasks
([decision 72](decisions/0072-live-figures-are-the-report.md)).

What each panel showed when \`npm run dashboards\` ran: a real Prometheus scraped a coordinator and two workers through the tiny campaign of the tests.
A cell has the number of series and the value of the first one; where there are none, what the panel says instead.

`;

async function main(): Promise<void> {
  await using nats = await TestNatsServer.start();
  await using folder = await temporaryFolder();
  try {
    await observe(nats.url, folder.path);
  } finally {
    await end();
  }
}

async function observe(natsUrl: string, folder: string): Promise<void> {
  const port = async (): Promise<string> => `127.0.0.1:${await freePort()}`;
  const [server, prometheus] = [await port(), await port()];
  const metrics = { coordinator: await port(), workers: [await port(), await port()] };
  const shared = { UNPAIR_NATS_URL: natsUrl };
  start(process.execPath, [root('services/coordinator/dist/main.js')], {
    ...{ ...shared, UNPAIR_GRPC_ADDRESS: server, UNPAIR_METRICS_ADDRESS: metrics.coordinator },
    ...{ UNPAIR_DATABASE: join(folder, 'results.duckdb'), UNPAIR_DRAIN_NOTICE_SECONDS: '0' },
  });
  metrics.workers.forEach((address, index) => {
    start(process.execPath, [root('services/worker/dist/main.js')], {
      ...{ ...shared, UNPAIR_WORKER_ID: `worker-${index}`, UNPAIR_METRICS_ADDRESS: address },
      ...{ UNPAIR_CACHE_DIR: join(folder, 'cache'), UNPAIR_DRAIN_SECONDS: '1' },
    });
  });
  const configuration = {
    global: { scrape_interval: '2s', evaluation_interval: '2s' },
    rule_files: [`${prometheusFolder}rules/*.yaml`],
    scrape_configs: [
      { job_name: 'unpair-coordinator', static_configs: [{ targets: [metrics.coordinator] }] },
      { job_name: 'unpair-worker', static_configs: [{ targets: metrics.workers }] },
    ],
  };
  const file = join(folder, 'prometheus.json');
  await writeFile(file, JSON.stringify(configuration));
  const data = `--storage.tsdb.path=${join(folder, 'prometheus')}`;
  start('prometheus', [
    `--config.file=${file}`,
    data,
    `--web.listen-address=${prometheus}`,
    '--log.level=error',
  ]);
  await eventually(async () => {
    const [workers] = await query(prometheus, 'sum(unpair_workers{state="idle"})');
    if (workers?.value[1] !== '2') throw new Error('the workers are not there');
  }, 120);
  const campaign = await writeTinyCampaign(folder, { samples: 60, shardSize: 3, budget: 10_000 });
  const command = [
    root('cli/dist/main.js'),
    'run',
    campaign,
    '--server',
    server,
    '--out',
    join(folder, 'out'),
  ];
  const run = start(process.execPath, command, { UNPAIR_LOG_LEVEL: 'silent' });
  const exited = once(run, 'exit');
  const times = new Map<string, readonly Shown[]>();
  await eventually(async () => {
    const [ratio] = await query(prometheus, 'max(unpair_campaign_progress_ratio)');
    const found = await query(prometheus, 'unpair_campaign_amplification');
    if (Number(ratio?.value[1] ?? 0) < 0.3 || found.length === 0) throw new Error('it has barely begun');
    times.set('during', await look(prometheus));
  }, 400);
  await exited;
  await eventually(async () => {
    const [ratio] = await query(prometheus, 'max(unpair_campaign_progress_ratio)');
    if (Number(ratio?.value[1]) !== 1) throw new Error('it has not ended');
  }, 60);
  // Longer than any rate looks back, and than figures take to be made anew.
  await sleep(45_000);
  times.set('after', await look(prometheus));
  const firing = await query(prometheus, 'ALERTS{alertstate="firing"}');
  await writeFile(root('docs/dashboards.md'), introduction + tableOf(times));
  const empty = [...times].flatMap(([time, shown]) =>
    shown
      .filter(({ series, panel }) => series === 0 && panel.otherwise === undefined)
      .map(({ dashboard, panel }) => `${dashboard}, ${panel.title}, ${time}`),
  );
  process.stdout.write(`${empty.length} panels are empty: ${empty.join('; ')}\n`);
  process.stdout.write(
    `${firing.length} alerts fire: ${JSON.stringify(firing.map(({ metric }) => metric))}\n`,
  );
  process.exitCode = empty.length + firing.length > 0 ? 1 : 0;
}

await main();
