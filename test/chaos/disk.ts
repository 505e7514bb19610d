import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** More than the file systems are for which this is meant. */
const most = 2 ** 30;
const piece = Buffer.alloc(2 ** 16, 1);

/**
 * Leaves no room where a broker keeps its streams, for so long.
 * @param store a small file system of its own, for it is filled
 * @throws RangeError where none was named, or it holds more than a gibibyte
 */
export async function fillDisk(store: string | undefined, seconds: number): Promise<void> {
  if (store === undefined)
    throw new RangeError('fill-disk needs --store, a folder on a small file system of its own.');
  const path = join(store, 'ballast');
  const end = performance.now() + seconds * 1_000;
  const ballast = await open(path, 'w');
  try {
    while (performance.now() < end) {
      await writeUntilFull((bytes) => ballast.write(bytes));
      await sleep(100);
    }
  } finally {
    await ballast.close();
    await rm(path);
  }
}

async function writeUntilFull(write: (bytes: Buffer) => Promise<unknown>): Promise<void> {
  for (let written = 0; written < most; written += piece.length) {
    try {
      await write(piece);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return;
      throw error;
    }
  }
  throw new RangeError('The file system of --store is larger than 1 GiB: a small one is filled sooner.');
}
