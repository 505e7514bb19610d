import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';

import type { Command } from 'commander';
import { Option } from 'commander';
import { UnpairError } from '@unpair/errors';
import type { Report } from '@unpair/campaign';
import { renderReport } from '@unpair/campaign';
import type { Campaign } from '@unpair/protocol';
import { CampaignState } from '@unpair/protocol';

import { CampaignClient } from '../client/campaign-client.js';
import { stateWord } from '../client/campaign-table.js';
import { followCampaign } from '../client/follow.js';
import type { Patience } from '../client/patience.js';
import { patiently } from '../client/patience.js';
import { submitCampaign } from '../client/submit.js';
import type { CommandContext } from '../context.js';
import { assertRoom } from '../free-space.js';
import { startLocalCluster } from '../local/local-cluster.js';
import type { Submission } from '../submission/prepare.js';
import { prepareSubmission } from '../submission/prepare.js';
import { writeWhole } from '@unpair/files';
import { checkServer, explainLostServer } from './server-option.js';
import type { DeviceOptions } from './device-options.js';
import { addDeviceOptions, requestedDevice } from './device-options.js';
import { wholeNumber } from './whole-number.js';

interface RunOptions extends DeviceOptions {
  readonly workers: number;
  readonly out?: string;
  readonly server?: string;
}

/** `unpair run FILE`. */
export function addRunCommand(program: Command, context: CommandContext): void {
  addDeviceOptions(program.command('run'))
    .description('run a campaign: on this machine, or on a cluster; the same campaign run again resumes')
    .argument('<file>', 'campaign file')
    .option('--workers <n>', 'worker processes on this machine', wholeNumber(1, 256), availableParallelism())
    .option('--out <dir>', 'folder for report.json and the state to resume from (default: runs/NAME)')
    .addOption(
      new Option('--server <host:port>', 'run on this cluster instead').conflicts([
        'workers',
        'runtime',
        'device',
      ]),
    )
    .action((file: string, options: RunOptions) => runRun(file, options, context));
}

async function runRun(path: string, options: RunOptions, context: CommandContext): Promise<void> {
  const server = options.server === undefined ? undefined : checkServer(options.server);
  const submission = await prepareSubmission(path, context);
  const out = resolve(options.out ?? join('runs', submission.name));
  const run = { submission, out, context };
  const campaign = server === undefined ? await runHere(run, options) : await runThere(run, server);
  if (campaign.state === CampaignState.SUCCEEDED) return;
  const failures = campaign.failures.map((description, index) => ({
    field: `failure ${index + 1}`,
    description,
  }));
  throw new UnpairError('ABORTED', `campaign ${campaign.id} ended as ${stateWord(campaign)}`, {
    violations: failures,
  });
}

/** One execution of the command. */
interface Run {
  readonly submission: Submission;
  readonly out: string;
  readonly context: CommandContext;
}

async function runHere(run: Run, options: RunOptions): Promise<Campaign> {
  const { terminal, signal } = run.context;
  const { runtime, device } = requestedDevice(options, run.context.environment);
  const environment = { ...run.context.environment, UNPAIR_RUNTIME: runtime, UNPAIR_DEVICE: device };
  await assertRoom(run.out, run.submission);
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
    return await runOn(cluster.server, run, { signal: stop });
  } catch (error) {
    if (signal.aborted) terminal.note('stopping; run the same command again to resume');
    stop.throwIfAborted();
    throw error;
  } finally {
    await cluster[Symbol.asyncDispose]();
  }
}

async function runThere(run: Run, server: string): Promise<Campaign> {
  const { terminal, signal } = run.context;
  try {
    // Whether anyone answers there is said at once.
    return await runOn(server, run, { signal, attempts: 0 });
  } catch (error) {
    if (signal.aborted) terminal.note(`the campaign goes on; see it with "unpair list --server ${server}"`);
    signal.throwIfAborted();
    throw explainLostServer(error, server);
  }
}

/** @param patience with a coordinator that is away before and after the campaign is followed */
async function runOn(
  server: string,
  { submission, out, context }: Run,
  patience: Patience,
): Promise<Campaign> {
  using client = new CampaignClient(server);
  const { terminal } = context;
  const { signal } = patience;
  const progress = terminal.progress();
  try {
    const onUpload = (done: number, total: number): void => {
      progress.update({ label: 'uploading', fraction: done / total });
    };
    const { id } = await submitCampaign(client, submission, { ...patience, onUpload });
    const campaign = await followCampaign(client, id, { progress, signal });
    const text = await patiently(() => client.report(id, signal), patience);
    const report = JSON.parse(text) as Report;
    progress.end();
    const file = join(out, 'report.json');
    await writeWhole(file, `${JSON.stringify(report, null, 2)}\n`);
    terminal.print(renderReport(report));
    terminal.note(`report: ${file}`);
    return campaign;
  } finally {
    progress.end();
  }
}
