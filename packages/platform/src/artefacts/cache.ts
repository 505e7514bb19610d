import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { explainSystemError, isFull, writeWhole } from '@unpair/files';
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
    try {
      await writeWhole(path, this.#options.store.get(digest, signal));
      return path;
    } catch (error) {
      // A full disk may have room again; what else is wrong with this one says nothing of the artefact.
      throw isFull(error) ? explainSystemError(error) : error;
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
