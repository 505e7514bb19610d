import type { Campaign } from '@unpair/protocol';

import type { Submission } from '../submission/prepare.js';
import type { CampaignClient } from './campaign-client.js';
import type { Patience } from './patience.js';
import { patiently } from './patience.js';

export interface SubmitOptions extends Patience {
  /** Called before each upload. */
  readonly onUpload?: (done: number, total: number) => void;
}

/**
 * Uploads what the cluster lacks, then creates the campaign (or finds the one that was created before). Each call may
 * be repeated: artefacts go by their digest and campaigns by their request id.
 */
export async function submitCampaign(
  client: CampaignClient,
  { request, artefacts }: Pick<Submission, 'request' | 'artefacts'>,
  { onUpload, ...patience }: SubmitOptions,
): Promise<Campaign> {
  const { signal } = patience;
  const digests = artefacts.map(({ digest }) => digest);
  const missing = new Set(await patiently(() => client.findMissing(digests, signal), patience));
  const uploads = new Map(
    artefacts.filter(({ digest }) => missing.has(digest)).map((one) => [one.digest, one.bytes]),
  );
  let done = 0;
  for (const [digest, bytes] of uploads) {
    onUpload?.(done++, uploads.size);
    await patiently(() => client.upload(digest, bytes, signal), patience);
  }
  return patiently(() => client.create(request, signal), patience);
}
