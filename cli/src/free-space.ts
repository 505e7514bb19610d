import { mkdir } from 'node:fs/promises';

import { assertFreeSpace } from '@unpair/files';
import type { Submission } from './submission/prepare.js';

/** Room for streams, the result store and logs, beside the artefacts. */
const BASE_BYTES = 128e6;

/**
 * Makes the output folder and checks that a campaign has room in it. Artefacts lie there twice, in the object store
 * and in the workers' cache.
 * @throws {UnpairError} RESOURCE_EXHAUSTED saying what is needed and what is free.
 */
export async function assertRoom(folder: string, { artefacts }: Submission): Promise<void> {
  await mkdir(folder, { recursive: true });
  const needed = BASE_BYTES + artefacts.reduce((sum, { bytes }) => sum + 2 * bytes.length, 0);
  await assertFreeSpace(folder, needed, 'the campaign');
}
