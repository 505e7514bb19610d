import { dirname, resolve } from 'node:path';

import type { FieldViolation } from '@unpair/errors';
import type { Campaign, Violation } from '@unpair/campaign';
import { BUILT_IN, parseCampaign, violationSentence } from '@unpair/campaign';
import { namedDataset } from '@unpair/datasets';

import { invalidFile } from '../failure.js';
import { readInputFile } from '../input-file.js';

/** A valid campaign file: its text, which is what travels, and what it says. */
export interface CampaignFile {
  readonly path: string;
  readonly text: string;
  readonly campaign: Campaign;
}

/** Reads and validates a campaign file. @throws {UnpairError} with everything that is wrong, by field. */
export async function readCampaignFile(path: string): Promise<CampaignFile> {
  const text = (await readInputFile(path, 'campaign file')).toString('utf8');
  const parsed = parseCampaign(text, BUILT_IN);
  if (!parsed.ok) throw invalidFile(path, parsed.violations.map(problemOf));
  return { path, text, campaign: parsed.campaign };
}

/** What breaks the rules of the campaign file, as a sentence that begins with the field. */
export function problemOf(violation: Violation): FieldViolation {
  return { field: violation.field, description: violationSentence(violation) };
}

/** A path of the campaign file, which is relative to the file's own folder. */
export function resolveFrom(file: CampaignFile, path: string): string {
  return resolve(dirname(file.path), path);
}

/** The data set's name, or its path. */
export function datasetSource(file: CampaignFile): string {
  const { source } = file.campaign.dataset;
  return namedDataset(source) ? source : resolveFrom(file, source);
}
