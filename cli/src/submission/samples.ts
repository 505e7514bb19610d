import type { Campaign, Violation } from '@unpair/campaign';
import { checkEpsilons, checkSamples, checkTrainingSamples, trainingSamplesOf } from '@unpair/campaign';
import type { SampleSet } from '@unpair/datasets';
import { encodeSampleSet, loadDataset, slice } from '@unpair/datasets';

import type { Artefact } from './artefact.js';
import { artefactOf } from './artefact.js';

/** The samples that a campaign runs on, cut to what it uses. */
export interface CampaignSamples {
  readonly attacked: SampleSet;
  /** Training samples that siblings are calibrated and trained on; null when there are none. */
  readonly calibration: SampleSet | null;
  readonly violations: readonly Violation[];
}

/**
 * Loads the first samples of the campaign's data set, and of its training split as many as the hungriest
 * sibling wants. Where the data set has fewer, `violations` says so and the sets hold what there is.
 */
export async function loadCampaignSamples(
  campaign: Campaign,
  source: string,
  dataDir: string,
): Promise<CampaignSamples> {
  const { split, samples, size, columns } = campaign.dataset;
  const options = { dataDir, size, columns };
  const all = await loadDataset(source, split, options);
  const wanted = trainingSamplesOf(campaign);
  const training = wanted === 0 ? null : await loadDataset(source, 'train', options);
  return {
    attacked: first(all, samples),
    calibration: training && first(training, wanted),
    violations: [
      ...checkSamples(campaign, all.count),
      ...checkEpsilons(campaign, all.images.length / Math.max(1, all.count)),
      ...(training ? checkTrainingSamples(campaign, training.count) : []),
    ],
  };
}

/** A sample set as the artefact that workers read. */
export function sampleArtefact(set: SampleSet): Artefact {
  return artefactOf(encodeSampleSet(set));
}

const first = (set: SampleSet, count: number): SampleSet => slice(set, 0, Math.min(count, set.count));
