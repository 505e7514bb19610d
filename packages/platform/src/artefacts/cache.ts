import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { explainSystemError, isFull, writeWhole } from '@unpair/files';
import { checkDigest, isDigest, type Digest } from './digest.js';
import type { ArtefactStore } from './store.js';

export interface ArtefactCacheOptions {
  readonly store: ArtefactStore;
  /** May be shared by workers of one machine: files appear whole, under their digest. */
  readonly directory: string;
  /** Bytes that it may take; no limit unless said. */
  readonly maxBytes?: number;
  /** Told of every artefact that is asked for, whether it was here. */
  readonly onLookup?: (found: boolean) => void;
  /** Milliseconds for which a file that was asked for stays in any case. */
  readonly grace?: number;
}

/** Milliseconds for which a file that was asked for stays, whatever the room: it may be read now. */
const grace = 600_000;

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
    const found = await touch(path);
    this.#options.onLookup?.(found);
    if (found) return path;
    const running = this.#fetching.get(digest);
    if (running !== undefined) return running;
    const fetching = this.#fetch(digest, path, signal).finally(() => this.#fetching.delete(digest));
    this.#fetching.set(digest, fetching);
    return fetching;
  }

  async #fetch(digest: Digest, path: string, signal?: AbortSignal): Promise<string> {
    try {
      await writeWhole(path, this.#options.store.get(digest, signal));
      await this.#makeRoom();
      return path;
    } catch (error) {
      // A full disk may have room again; what else is wrong with this one says nothing of the artefact.
      throw isFull(error) ? explainSystemError(error) : error;
    }
  }

  /** Deletes what was asked for longest ago until the rest fits; what others delete meanwhile is gone as it should be. */
  async #makeRoom(): Promise<void> {
    const { directory, maxBytes = Infinity } = this.#options;
    if (maxBytes === Infinity) return;
    const names = (await readdir(directory)).filter(isDigest);
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(directory, name);
        return stat(path).then(
          ({ size, mtimeMs }) => ({ path, size, mtimeMs }),
          () => ({ path, size: 0, mtimeMs: Infinity }),
        );
      }),
    );
    let bytes = files.reduce((sum, { size }) => sum + size, 0);
    for (const { path, size, mtimeMs } of files.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
      if (bytes <= maxBytes || mtimeMs > Date.now() - (this.#options.grace ?? grace)) return;
      await rm(path, { force: true });
      bytes -= size;
    }
  }
}

/** Notes that a file was asked for, in its own time of change, which all who share it see; false where there is none. */
async function touch(path: string): Promise<boolean> {
  const now = new Date();
  return utimes(path, now, now).then(
    () => true,
    () => false,
  );
}
