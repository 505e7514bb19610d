import { join, relative } from 'node:path';

import type { Campaign as CampaignFile, Report } from '@unpair/campaign';
import { forecast, forecastText, planCampaign } from '@unpair/campaign';
import { UnpairError } from '@unpair/errors';
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
import type { DeviceOptions } from '../commands/device-options.js';
import { requestedDevice } from '../commands/device-options.js';
import { explainLostServer } from '../commands/server-option.js';
import type { CommandContext } from '../context.js';
import { assertRoom } from '../free-space.js';
import { startLocalCluster } from '../local/local-cluster.js';
import { writeReport } from '../report-file.js';
import type { Submission } from '../submission/prepare.js';
import type { Progress } from '../terminal/progress.js';

/** What the run will do and lack, before it begins. */
function tellForecast(campaign: CampaignFile, { terminal }: CommandContext): void {
  const { note, width } = terminal;
  note(forecastText(campaign, forecast(campaign, planCampaign(campaign)), { width }));
}

/** One execution of a campaign. */
export interface Run {
  /** What is asked for, or the id of a campaign that is there already. */
  readonly submission: Submission | string;
  readonly out: string;
  /** What to run again of a campaign that has ended. */
  readonly scope: ResumeScope | undefined;
  /** Whether the cluster is there for this campaign alone. */
  readonly isLocal: boolean;
  readonly context: CommandContext;
  /** Told of the campaign once it is there. */
  readonly onBegin?: (client: CampaignClient, campaign: Campaign) => void;
  /** Told of its report while the cluster is there still. */
  readonly onReport?: (client: CampaignClient, report: Report) => Promise<void>;
}

interface LocalOptions extends DeviceOptions {
  readonly workers: number;
}

/** Runs it on a cluster of its own, on this machine, with its state in `out`. */
export async function runHere(run: Run, options: LocalOptions): Promise<Campaign> {
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

/** Runs it on the cluster of a coordinator that is there. */
export async function runThere(run: Run, server: string, access: ClientAccess): Promise<Campaign> {
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
    const begun = await begin(client, run, progress, patience);
    const { id } = begun;
    run.onBegin?.(client, begun);
    const campaign = await followCampaign(client, id, { progress, signal });
    const text = await patiently(() => client.report(id, signal), patience);
    const report = JSON.parse(text) as Report;
    progress.end();
    const file = await writeReport(out, id, report, terminal.note);
    terminal.print(reportText(report, terminal, `unpair report ${relative('', out) || '.'} --full`));
    terminal.note(`report: ${file}`);
    await run.onReport?.(client, report);
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

/** @throws {UnpairError} ABORTED with its failures, when it ended in another state. */
export function assertSucceeded(campaign: Campaign): void {
  if (campaign.state === CampaignState.SUCCEEDED) return;
  const failures = campaign.failures.map((description, index) => ({
    field: `failure ${index + 1}`,
    description,
  }));
  throw new UnpairError('ABORTED', `campaign ${campaign.id} ended as ${stateWord(campaign)}`, {
    violations: failures,
  });
}
