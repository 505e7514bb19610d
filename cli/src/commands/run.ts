import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';

import type { Command } from 'commander';
import { Option } from 'commander';
import { UnpairError } from '@unpair/errors';
import type { ClientAccess } from '@unpair/platform';

import type { CommandContext } from '../context.js';
import type { Run } from '../run/run-campaign.js';
import { assertSucceeded, runHere, runThere } from '../run/run-campaign.js';
import { prepareSubmission } from '../submission/prepare.js';
import { checkServer } from './server-option.js';
import type { DeviceOptions } from './device-options.js';
import { addDeviceOptions } from './device-options.js';
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
  assertSucceeded(campaign);
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
