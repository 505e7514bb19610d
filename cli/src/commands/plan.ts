import { availableParallelism } from 'node:os';

import { forecast, forecastText, planCampaign } from '@unpair/campaign';
import type { Command } from 'commander';

import { duration } from '../client/progress-state.js';
import type { CommandContext } from '../context.js';
import { secondsOf, speedsOf } from '../submission/estimate.js';
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
  const speeds = await speedsOf(submission, request);
  const seconds = secondsOf(foreseen, speeds, options.workers);
  if (options.json) {
    const runs = Object.fromEntries(foreseen.runs);
    terminal.print(JSON.stringify({ ...foreseen, runs, workers: options.workers, seconds }, null, 2));
    return;
  }
  const workers = options.workers === 1 ? '1 worker' : `${options.workers} workers`;
  const takes = `about ${duration(seconds)} on ${workers}, by how fast its models run here`;
  terminal.print(forecastText(submission.campaign, foreseen, { width: terminal.width, takes }));
}
