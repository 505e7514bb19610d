import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An empty folder that is removed with all it holds when the test ends. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'unpair-test-'));
  // What the test leaves being written in the background may come to lie in the folder while it is emptied.
  const removal = { recursive: true, force: true, maxRetries: 5 };
  return { path, [Symbol.asyncDispose]: () => rm(path, removal) };
}
