import type { Campaign, Violation } from '@unpair/campaign';
import {
  checkEpsilons,
  checkGoal,
  checkHeldOutSamples,
  checkSamples,
  checkTrainingSamples,
  firstTrainingSample,
  heldOutSamplesOf,
  trainingSamplesOf,
} from '@unpair/campaign';
import type { SampleSet, Split } from '@unpair/datasets';
import { encodeSampleSet, loadDataset, slice } from '@unpair/datasets';

import type { Artefact } from './artefact.js';
import { artefactOf } from './artefact.js';

/** The samples that a campaign runs on, cut to what it uses. */
export interface CampaignSamples {
  readonly attacked: SampleSet;
  /** Training samples that siblings are calibrated and trained on; null when there are none. */
  readonly calibration: SampleSet | null;
  /** Test samples that siblings are measured on while they are trained; null when there are none. */
  readonly heldOut: SampleSet | null;
  readonly violations: readonly Violation[];
}

/**
 * Loads the first samples of the campaign's data set, of its training split as many as the hungriest sibling wants that
 * are not attacked, and of its test split as many of the last as any holds out. Where the data set has fewer,
 * `violations` says so and the sets hold what there is.
 */
export async function loadCampaignSamples(
  campaign: Campaign,
  source: string,
  dataDir: string,
): Promise<CampaignSamples> {
  const { split, samples, size, columns } = campaign.dataset;
  const load = (part: Split): Promise<SampleSet> => loadDataset(source, part, { dataDir, size, columns });
  const all = await load(split);
  const [wanted, held] = [trainingSamplesOf(campaign), heldOutSamplesOf(campaign)];
  const training = wanted === 0 ? null : await load('train');
  const test = split === 'test' ? all : held === 0 ? null : await load('test');
  const trained = training && { count: training.count, isDivided: training.split !== undefined };
  return {
    attacked: first(all, samples),
    calibration: training && trained && after(training, firstTrainingSample(campaign, trained), wanted),
    heldOut: held === 0 ? null : test && last(test, held),
    violations: [
      ...checkSamples(campaign, all.count),
      ...checkEpsilons(campaign, all.images.length / Math.max(1, all.count)),
      // Where a data set has no list of classes, its greatest label is all that is known.
      ...(all.classNames ? checkGoal(campaign, all.classes) : []),
      ...(trained ? checkTrainingSamples(campaign, trained) : []),
      ...(test ? checkHeldOutSamples(campaign, test.split === 'test' ? test.count : undefined) : []),
    ],
  };
}

/** A sample set as the artefact that workers read. */
export function sampleArtefact(set: SampleSet): Artefact {
  return artefactOf(encodeSampleSet(set));
}

const first = (set: SampleSet, count: number): SampleSet => after(set, 0, count);

/** Samples from `start` on; as many of them as there are. */
function after(set: SampleSet, start: number, count: number): SampleSet {
  const from = Math.min(start, set.count);
  return slice(set, from, Math.min(count, set.count - from));
}

function last(set: SampleSet, count: number): SampleSet {
  return after(set, Math.max(0, set.count - count), count);
}
