import type { Campaign } from '@unpair/protocol';

import type { Submission } from '../submission/prepare.js';
import type { CampaignClient } from './campaign-client.js';

export interface SubmitOptions {
  readonly signal: AbortSignal;
  /** Called before each upload. */
  readonly onUpload?: (done: number, total: number) => void;
}

/** Uploads what the cluster lacks, then creates the campaign (or finds the one that was created before). */
export async function submitCampaign(
  client: CampaignClient,
  { request, artefacts }: Submission,
  { signal, onUpload }: SubmitOptions,
): Promise<Campaign> {
  const missing = new Set(
    await client.findMissing(
      artefacts.map(({ digest }) => digest),
      signal,
    ),
  );
  const uploads = new Map(
    artefacts.filter(({ digest }) => missing.has(digest)).map((one) => [one.digest, one.bytes]),
  );
  let done = 0;
  for (const [digest, bytes] of uploads) {
    onUpload?.(done++, uploads.size);
    await client.upload(digest, bytes, signal);
  }
  return client.create(request, signal);
}
