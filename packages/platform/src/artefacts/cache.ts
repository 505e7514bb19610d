import { randomUUID } from 'node:crypto';
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UnpairError } from '@unpair/errors';
import { checkDigest, type Digest } from './digest.js';
import type { ArtefactStore } from './store.js';

export interface ArtefactCacheOptions {
  readonly store: ArtefactStore;
  /** May be shared by workers of one machine: files appear whole, under their digest. */
  readonly directory: string;
}

/** Artefacts as files on this machine's disk, fetched once. */
export class ArtefactCache {
  readonly #options: ArtefactCacheOptions;
  readonly #fetching = new Map<Digest, Promise<string>>();

  constructor(options: ArtefactCacheOptions) {
    this.#options = options;
  }

  /** Path of a file with the artefact's content. */
  async path(digest: Digest, signal?: AbortSignal): Promise<string> {
    const path = join(this.#options.directory, checkDigest(digest));
    if (await exists(path)) return path;
    const running = this.#fetching.get(digest);
    if (running !== undefined) return running;
    const fetching = this.#fetch(digest, path, signal).finally(() => this.#fetching.delete(digest));
    this.#fetching.set(digest, fetching);
    return fetching;
  }

  async #fetch(digest: Digest, path: string, signal?: AbortSignal): Promise<string> {
    const { store, directory } = this.#options;
    const partial = join(directory, `.${digest}.${randomUUID()}`);
    try {
      await mkdir(directory, { recursive: true });
      await writeFile(partial, store.get(digest, signal));
      await rename(partial, path);
      return path;
    } catch (error) {
      throw diskError(directory, error);
    } finally {
      await rm(partial, { force: true });
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function diskError(directory: string, error: unknown): unknown {
  const full =
    error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
  if (!full) return error;
  return new UnpairError('RESOURCE_EXHAUSTED', `No space is left on the disk of ${directory}.`, {
    cause: error,
  });
}
