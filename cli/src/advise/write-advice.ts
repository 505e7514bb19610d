import { forecast, planCampaign } from '@unpair/campaign';
import { UnpairError } from '@unpair/errors';
import { writeWhole } from '@unpair/files';
import type { DeviceRequest } from '@unpair/runtime';
import { openRuntime } from '@unpair/runtime';

import { duration } from '../client/progress-state.js';
import { requestedDevice } from '../commands/device-options.js';
import type { CommandContext } from '../context.js';
import { readModel } from '../models/read-model.js';
import { secondsPerImage } from '../models/speed.js';
import type { Speeds } from '../submission/estimate.js';
import { secondsOf } from '../submission/estimate.js';
import type { FindOptions, Findings } from '../submission/find-models.js';
import { findModels } from '../submission/find-models.js';
import { campaignOf } from '../submission/new-campaign.js';
import { FILES, adviceCampaign } from './advice-campaign.js';
import type { Depth } from './depth.js';
import { DEPTHS, depthWithin } from './depth.js';

export interface AdviceOptions extends Omit<FindOptions, 'samples'> {
  /** Seconds. */
  readonly within: number;
  readonly workers: number;
}

/**
 * Writes the most thorough campaign for advice that there is time for.
 * @param paths the private model, the sibling and, where there is one, a network that was trained on its own
 * @throws {UnpairError} INVALID_ARGUMENT when the time is too short for any
 */
export async function writeAdvice(
  { file, name }: { readonly file: string; readonly name: string },
  paths: readonly string[],
  options: AdviceOptions,
  context: CommandContext,
): Promise<void> {
  const most = Math.max(...DEPTHS.map(({ samples }) => samples));
  const findings = await findModels(paths, file, { ...options, samples: most }, context);
  const speeds = await speedsOf(paths, findings, requestedDevice(options, context.environment));
  const textOf = (depth: Depth): string => adviceCampaign(findings, depth, { name, file });
  const takes = (depth: Depth): number => {
    const campaign = campaignOf(textOf(depth));
    return secondsOf(forecast(campaign, planCampaign(campaign)), speeds, options.workers);
  };
  const depth = depthWithin(options.within, takes);
  if (depth === undefined) throw tooShort(options.within, Math.min(...DEPTHS.map(takes)));
  await writeWhole(file, textOf(depth));
  context.terminal.note(
    `${file} is written; ${extent(depth)}, it takes about ${duration(takes(depth))} here`,
  );
}

function tooShort(within: number, least: number): UnpairError {
  return new UnpairError(
    'INVALID_ARGUMENT',
    `--within must be longer, got ${duration(within)}: to find out what the sibling gives away, without a cure, takes about ${duration(least)} here, and as much again is set aside`,
  );
}

/** What a depth has and lacks, in words. */
function extent({ cure }: Depth): string {
  if (cure === null) return 'without a cure, for which there is no time';
  const epochs = cure.epochs === 1 ? 'one epoch' : `${cure.epochs} epochs`;
  const tried = cure.adaptive ? 'tried by' : 'with no time for';
  return `with a cure of ${epochs}, ${tried} attackers who know of it`;
}

/** How fast each file runs here. */
async function speedsOf(
  paths: readonly string[],
  { models, shape }: Findings,
  device: DeviceRequest,
): Promise<Speeds> {
  const { runtime } = await openRuntime(device);
  const speeds = new Map<string, number>();
  for (const [index, found] of models.entries()) {
    const { graph } = await readModel(paths[index] ?? '', found.trial.options, shape);
    speeds.set(FILES[index] ?? '', await secondsPerImage(graph, { runtime, images: shape }));
  }
  return speeds;
}
