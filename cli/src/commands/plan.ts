import { availableParallelism } from 'node:os';

import type { Campaign, Forecast } from '@unpair/campaign';
import { forecast, forecastText, isDerived, planCampaign } from '@unpair/campaign';
import type { Command } from 'commander';
import { decodeModel } from '@unpair/graph';
import type { DeviceRequest } from '@unpair/runtime';
import { openRuntime } from '@unpair/runtime';

import { duration } from '../client/progress-state.js';
import type { CommandContext } from '../context.js';
import { secondsPerImage } from '../models/speed.js';
import type { Submission } from '../submission/prepare.js';
import { prepareSubmission } from '../submission/prepare.js';
import type { DeviceOptions } from './device-options.js';
import { addDeviceOptions, requestedDevice } from './device-options.js';
import { wholeNumber } from './whole-number.js';

interface PlanOptions extends DeviceOptions {
  readonly workers: number;
  readonly json?: true;
}

/** `unpair plan FILE`. */
export function addPlanCommand(program: Command, context: CommandContext): void {
  addDeviceOptions(program.command('plan'))
    .description('say what a campaign will do, take and lack, without running it')
    .argument('<file>', 'campaign file')
    .option(
      '--workers <n>',
      'workers to reckon with, as fast as this machine',
      wholeNumber(1, 100_000),
      availableParallelism(),
    )
    .option('--json', 'print JSON')
    .action((file: string, options: PlanOptions) => runPlan(file, options, context));
}

async function runPlan(path: string, options: PlanOptions, context: CommandContext): Promise<void> {
  const { terminal, environment } = context;
  const request = requestedDevice(options, environment);
  const submission = await prepareSubmission(path, context);
  const foreseen = forecast(submission.campaign, planCampaign(submission.campaign));
  const speeds = await speedsOf(submission, foreseen, request);
  const seconds = [...speeds].reduce((sum, [model, each]) => sum + each * (foreseen.runs.get(model) ?? 0), 0);
  const each = seconds / Math.min(options.workers, foreseen.tasks);
  if (options.json) {
    const runs = Object.fromEntries(foreseen.runs);
    terminal.print(JSON.stringify({ ...foreseen, runs, workers: options.workers, seconds: each }, null, 2));
    return;
  }
  const workers = options.workers === 1 ? '1 worker' : `${options.workers} workers`;
  const takes = `about ${duration(each)} on ${workers}, by how fast its models run here`;
  terminal.print(forecastText(submission.campaign, foreseen, { width: terminal.width, takes }));
}

/** Seconds that each model takes for an image; those behind endpoints are left out. */
async function speedsOf(
  { campaign, request, artefacts, shape }: Submission,
  { runs }: Forecast,
  device: DeviceRequest,
): Promise<ReadonlyMap<string, number>> {
  const { runtime } = await openRuntime(device);
  const measured = new Map<string, number>();
  const speeds = new Map<string, number>();
  for (const model of runs.keys()) {
    const digest = request.models[originOf(campaign, model)] ?? '';
    const artefact = artefacts.find((one) => one.digest === digest);
    if (artefact === undefined) continue;
    const seconds =
      measured.get(digest) ??
      (await secondsPerImage(decodeModel(artefact.bytes), { runtime, images: shape }));
    measured.set(digest, seconds);
    speeds.set(model, seconds);
  }
  return speeds;
}

/** The file that a model is made from, whose speed is about its own. */
function originOf(campaign: Pick<Campaign, 'models'>, name: string): string {
  const entry = campaign.models.get(name);
  return entry !== undefined && isDerived(entry) ? originOf(campaign, entry.of) : name;
}
