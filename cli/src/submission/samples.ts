import type { Campaign, Violation } from '@unpair/campaign';
import { checkEpsilons, checkSamples } from '@unpair/campaign';
import type { SampleSet } from '@unpair/datasets';
import { encodeSampleSet, loadDataset, slice } from '@unpair/datasets';

import type { Artefact } from './artefact.js';
import { artefactOf } from './artefact.js';

/** The samples that a campaign runs on, cut to what it uses. */
export interface CampaignSamples {
  readonly attacked: SampleSet;
  /** Training samples that quantizers calibrate on; null when there are none. */
  readonly calibration: SampleSet | null;
  readonly violations: readonly Violation[];
}

/**
 * Loads the first samples of the campaign's data set, and of its training split as many as the hungriest quantizer
 * wants. Where the data set has fewer, `violations` says so and the sets hold what there is.
 */
export async function loadCampaignSamples(
  campaign: Campaign,
  source: string,
  dataDir: string,
): Promise<CampaignSamples> {
  const { split, samples } = campaign.dataset;
  const all = await loadDataset(source, split, { dataDir });
  const wanted = calibrationDemand(campaign);
  const training = wanted === undefined ? null : await loadDataset(source, 'train', { dataDir });
  return {
    attacked: first(all, samples),
    calibration: training && wanted ? first(training, wanted.samples) : null,
    violations: [
      ...checkSamples(campaign, all.count),
      ...checkEpsilons(campaign, all.images.length / Math.max(1, all.count)),
      ...(training && wanted ? checkCalibration(wanted, training) : []),
    ],
  };
}

/** A sample set as the artefact that workers read. */
export function sampleArtefact(set: SampleSet): Artefact {
  return artefactOf(encodeSampleSet(set));
}

interface CalibrationDemand {
  readonly model: string;
  readonly samples: number;
}

function calibrationDemand({ models }: Campaign): CalibrationDemand | undefined {
  return [...models]
    .flatMap(([model, entry]) => {
      const samples = entry.kind === 'file' ? undefined : entry.parameters['calibration'];
      return typeof samples === 'number' ? [{ model, samples }] : [];
    })
    .sort((a, b) => b.samples - a.samples)[0];
}

function checkCalibration({ model, samples }: CalibrationDemand, training: SampleSet): readonly Violation[] {
  if (samples <= training.count) return [];
  const description = `must be at most ${training.count}, the size of ${training.name} (train), got ${samples}`;
  return [{ field: `models.${model}.quantize.calibration`, description }];
}

const first = (set: SampleSet, count: number): SampleSet => slice(set, 0, Math.min(count, set.count));
