import type { Campaign } from '@unpair/campaign';
import { UnpairError, type FieldViolation } from '@unpair/errors';
import type { CreateCampaignRequest } from '@unpair/protocol';
import { digestOf } from '@unpair/platform';

import { invalidFile } from '../failure.js';
import type { Artefact } from './artefact.js';
import type { CampaignFile } from './campaign-file.js';
import { datasetSource, problemOf, readCampaignFile } from './campaign-file.js';
import { readCampaignModels } from './model-files.js';
import type { CampaignSamples } from './samples.js';
import { loadCampaignSamples, sampleArtefact } from './samples.js';

/** A campaign that is ready to be created: the request, and everything that it names. */
export interface Submission {
  readonly name: string;
  /** What its file says. */
  readonly campaign: Campaign;
  /** Of its images: [C, H, W]. */
  readonly shape: readonly [number, number, number];
  readonly request: CreateCampaignRequest;
  readonly artefacts: readonly Artefact[];
}

/**
 * Validates a campaign file with its data and models, and packs them. Everything that can be wrong is found here,
 * before anything starts.
 * @throws {UnpairError} INVALID_ARGUMENT with every violation.
 */
export async function prepareSubmission(
  path: string,
  { dataDir }: { readonly dataDir: string },
): Promise<Submission> {
  const file = await readCampaignFile(path);
  const { samples, problems } = await readSamples(file, dataDir);
  const models = await readCampaignModels(file, samples?.attacked);
  const all = [...problems, ...models.problems];
  if (samples === undefined || all.length > 0) throw invalidFile(path, all);

  const attacked = sampleArtefact(samples.attacked);
  const calibration = samples.calibration && sampleArtefact(samples.calibration);
  const heldOut = samples.heldOut && sampleArtefact(samples.heldOut);
  const content = {
    spec: file.text,
    models: Object.fromEntries([...models.artefacts].map(([name, { digest }]) => [name, digest])),
    samples: attacked.digest,
    calibration: calibration?.digest ?? '',
    sources: Object.fromEntries(models.sources),
    heldOut: heldOut?.digest ?? '',
  };
  const sets = [attacked, calibration, heldOut].filter((set) => set !== null);
  return {
    name: file.campaign.name,
    campaign: file.campaign,
    shape: samples.attacked.shape,
    request: { requestId: requestIdOf(content), ...content, labels: {}, priority: 0, weight: 0 },
    artefacts: [...models.artefacts.values(), ...sets],
  };
}

/** The campaign's samples, absent where the data set cannot be read, and what is wrong with them. */
async function readSamples(
  file: CampaignFile,
  dataDir: string,
): Promise<{ readonly samples?: CampaignSamples; readonly problems: readonly FieldViolation[] }> {
  try {
    const samples = await loadCampaignSamples(file.campaign, datasetSource(file), dataDir);
    return { samples, problems: samples.violations.map(problemOf) };
  } catch (error) {
    if (!(error instanceof UnpairError)) throw error;
    return { problems: [{ field: `dataset.${error.field ?? 'source'}`, description: error.message }] };
  }
}

/** What makes a campaign the one that it is. */
type Content = Omit<CreateCampaignRequest, 'requestId' | 'labels' | 'priority' | 'weight'>;

/** The same content always asks for the same campaign, so that running it again resumes instead of repeating. */
function requestIdOf(content: Content): string {
  const { spec, models, samples, calibration, heldOut } = content;
  const sorted = Object.entries(models).sort(([a], [b]) => (a < b ? -1 : 1));
  const held = heldOut === '' ? [] : [heldOut];
  return digestOf(new TextEncoder().encode(JSON.stringify([spec, sorted, samples, calibration, ...held])));
}
