import { availableParallelism } from 'node:os';
import { join, relative, resolve } from 'node:path';

import type { Command } from 'commander';
import { Option } from 'commander';
import { UnpairError } from '@unpair/errors';
import type { Campaign as CampaignFile, Report } from '@unpair/campaign';
import { forecast, forecastText, planCampaign } from '@unpair/campaign';
import type { ClientAccess } from '@unpair/platform';
import type { Campaign, ResumeScope } from '@unpair/protocol';
import { CampaignState } from '@unpair/protocol';

import { CampaignClient } from '../client/campaign-client.js';
import { stateWord } from '../client/campaign-table.js';
import { followCampaign } from '../client/follow.js';
import type { Patience } from '../client/patience.js';
import { patiently } from '../client/patience.js';
import { reportText } from '../client/report-text.js';
import { pauseOthers, runAgain } from '../client/run-again.js';
import { submitCampaign } from '../client/submit.js';
import type { CommandContext } from '../context.js';
import { assertRoom } from '../free-space.js';
import { startLocalCluster } from '../local/local-cluster.js';
import { writeReport } from '../report-file.js';
import type { Submission } from '../submission/prepare.js';
import { prepareSubmission } from '../submission/prepare.js';
import { checkServer, explainLostServer } from './server-option.js';
import type { DeviceOptions } from './device-options.js';
import { addDeviceOptions, requestedDevice } from './device-options.js';
import type { Progress } from '../terminal/progress.js';
import { number, SCOPES } from './campaign-life.js';
import type { Labels } from './label.js';
import { label } from './label.js';
import { wholeNumber } from './whole-number.js';

interface RunOptions extends DeviceOptions {
  readonly workers: number;
  readonly out?: string;
  readonly server?: string;
  /** Beside a server. */
  readonly access?: ClientAccess;
  readonly campaign?: string;
  readonly again?: keyof typeof SCOPES;
  readonly label: Labels;
  readonly priority?: number;
  readonly weight?: number;
}

/** `unpair run FILE`. */
export function addRunCommand(program: Command, context: CommandContext): void {
  addDeviceOptions(program.command('run'))
    .description('run a campaign: on this machine, or on a cluster; the same campaign run again resumes')
    .argument('[file]', 'campaign file')
    .option('--workers <n>', 'worker processes on this machine', wholeNumber(1, 256), availableParallelism())
    .option('--out <dir>', 'folder for report.json and the state to resume from (default: runs/NAME)')
    .addOption(
      new Option('--server <host:port>', 'run on this cluster instead').conflicts([
        'workers',
        'runtime',
        'device',
      ]),
    )
    .option('--campaign <id>', 'go on with a campaign that an earlier run left in --out, instead of a file')
    .addOption(
      new Option(
        '--again <scope>',
        'of a campaign that ended: run what has no result, what failed, or all',
      ).choices(Object.keys(SCOPES)),
    )
    .option('--label <key=value>', 'to find it by in lists; may be repeated', label, {})
    .option('--priority <n>', 'campaigns of a higher priority are served first (-1000 to 1000)', number)
    .option('--weight <w>', 'its share among campaigns of one priority (0.01 to 100)', number)
    .action((file: string | undefined, options: RunOptions) => runRun(file, options, context));
}

async function runRun(path: string | undefined, options: RunOptions, context: CommandContext): Promise<void> {
  const server = options.server === undefined ? undefined : checkServer(options.server);
  const run = await planRun(path, options, context);
  const campaign =
    server === undefined ? await runHere(run, options) : await runThere(run, server, options.access ?? {});
  if (campaign.state === CampaignState.SUCCEEDED) return;
  const failures = campaign.failures.map((description, index) => ({
    field: `failure ${index + 1}`,
    description,
  }));
  throw new UnpairError('ABORTED', `campaign ${campaign.id} ended as ${stateWord(campaign)}`, {
    violations: failures,
  });
}

async function planRun(path: string | undefined, options: RunOptions, context: CommandContext): Promise<Run> {
  const { out, campaign, again, label: labels, priority = 0, weight = 0 } = options;
  const scope = again === undefined ? undefined : SCOPES[again];
  const rest = { scope, isLocal: options.server === undefined, context };
  if (campaign === undefined && path !== undefined) {
    const prepared = await prepareSubmission(path, context);
    const submission = { ...prepared, request: { ...prepared.request, labels, priority, weight } };
    return { submission, out: resolve(out ?? join('runs', prepared.name)), ...rest };
  }
  if (campaign !== undefined && path === undefined && out !== undefined)
    return { submission: campaign, out: resolve(out), ...rest };
  const allowed = 'a campaign file, or --campaign ID with the --out DIR of an earlier run';
  throw new UnpairError('INVALID_ARGUMENT', `run must be given ${allowed}`);
}

/** What the run will do and lack, before it begins. */
function tellForecast(campaign: CampaignFile, { terminal }: CommandContext): void {
  const { note, width } = terminal;
  note(forecastText(campaign, forecast(campaign, planCampaign(campaign)), { width }));
}

/** One execution of the command. */
interface Run {
  /** What is asked for, or the id of a campaign that is there already. */
  readonly submission: Submission | string;
  readonly out: string;
  /** What to run again of a campaign that has ended. */
  readonly scope: ResumeScope | undefined;
  /** Whether the cluster is there for this campaign alone. */
  readonly isLocal: boolean;
  readonly context: CommandContext;
}

async function runHere(run: Run, options: RunOptions): Promise<Campaign> {
  const { terminal, signal } = run.context;
  const { runtime, device } = requestedDevice(options, run.context.environment);
  const environment = { ...run.context.environment, UNPAIR_RUNTIME: runtime, UNPAIR_DEVICE: device };
  if (typeof run.submission !== 'string') await assertRoom(run.out, run.submission);
  const cluster = await startLocalCluster({
    stateDir: join(run.out, '.state'),
    workers: options.workers,
    environment,
    signal,
    note: terminal.note,
  });
  const stop = AbortSignal.any([signal, cluster.lost]);
  try {
    // A coordinator of our own that ends is started again, so every call is worth another try.
    using client = new CampaignClient(cluster.server);
    return await runOn(client, run, { signal: stop });
  } catch (error) {
    if (signal.aborted) terminal.note('stopping; run the same command again to resume');
    stop.throwIfAborted();
    throw error;
  } finally {
    await cluster[Symbol.asyncDispose]();
  }
}

async function runThere(run: Run, server: string, access: ClientAccess): Promise<Campaign> {
  const { terminal, signal } = run.context;
  try {
    // Whether anyone answers there is said at once.
    using client = new CampaignClient(server, access);
    return await runOn(client, run, { signal, attempts: 0 });
  } catch (error) {
    if (signal.aborted) terminal.note(`the campaign goes on; see it with "unpair list --server ${server}"`);
    signal.throwIfAborted();
    throw explainLostServer(error, server);
  }
}

/** @param patience with a coordinator that is away before and after the campaign is followed */
async function runOn(client: CampaignClient, run: Run, patience: Patience): Promise<Campaign> {
  const { out, context } = run;
  const { terminal } = context;
  const { signal } = patience;
  if (typeof run.submission !== 'string') tellForecast(run.submission.campaign, context);
  const progress = terminal.progress();
  try {
    const { id } = await begin(client, run, progress, patience);
    const campaign = await followCampaign(client, id, { progress, signal });
    const text = await patiently(() => client.report(id, signal), patience);
    const report = JSON.parse(text) as Report;
    progress.end();
    const file = await writeReport(out, id, report, terminal.note);
    terminal.print(reportText(report, terminal, `unpair report ${relative('', out) || '.'} --full`));
    terminal.note(`report: ${file}`);
    return campaign;
  } finally {
    progress.end();
  }
}

/** Lets the campaign run, and on a cluster of its own nothing else. */
async function begin(
  client: CampaignClient,
  { submission, scope, isLocal, out, context }: Run,
  progress: Progress,
  patience: Patience,
): Promise<Campaign> {
  const { signal } = patience;
  const { note } = context.terminal;
  const onUpload = (done: number, total: number): void => {
    progress.update({ label: 'uploading', fraction: done / total });
  };
  const found =
    typeof submission === 'string'
      ? await patiently(() => client.get(submission, signal), patience)
      : await submitCampaign(client, submission, { ...patience, onUpload });
  const campaign = await runAgain(client, found, { scope, note, signal });
  const others = isLocal ? await pauseOthers(client, campaign, signal) : [];
  for (const { id, name, progress: state } of others) {
    const done = `${state?.done ?? 0} of ${state?.tasks ?? 0} tasks done`;
    note(
      `campaign ${name} (${id}, ${done}) is paused: go on with "unpair run --campaign ${id} --out ${out}"`,
    );
  }
  return campaign;
}
