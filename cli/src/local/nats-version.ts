import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { UnpairError } from '@unpair/errors';
import { compareVersions, oldestNatsServer } from '@unpair/platform';

const REMEDY = `install nats-server ${oldestNatsServer} or newer, for instance with scripts/ensure-nats-server`;

/**
 * Makes sure that a nats-server of a version that works is on PATH, before anything starts.
 * @throws {UnpairError} FAILED_PRECONDITION saying what is there and what to do.
 */
export async function checkNatsServer(executable = 'nats-server'): Promise<void> {
  const { stdout } = await promisify(execFile)(executable, ['--version']).catch((cause: unknown) => {
    throw new UnpairError('FAILED_PRECONDITION', `${executable} was not found: ${REMEDY}`, { cause });
  });
  const version = /v?(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  if (version === undefined) {
    throw new UnpairError('FAILED_PRECONDITION', `${executable} does not tell its version: ${REMEDY}`);
  }
  if (compareVersions(version, oldestNatsServer) < 0) {
    throw new UnpairError(
      'FAILED_PRECONDITION',
      `${executable} is version ${version}, which is too old: ${REMEDY}`,
    );
  }
}
