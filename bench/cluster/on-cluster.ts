import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import type { Report } from '@unpair/campaign';
import type { Measurement } from './measurement.js';

const COMMAND = fileURLToPath(new URL('../../cli/dist/main.js', import.meta.url));

/**
 * Runs a campaign as a user does, with the built command and its local cluster, and reads from the result store when
 * tasks began and ended.
 * @param out an empty folder for report and state
 */
export async function runOnCluster(file: string, workers: number, out: string): Promise<Measurement> {
  const start = performance.now();
  await unpair(['run', file, '--workers', `${workers}`, '--out', out]);
  const wallSeconds = (performance.now() - start) / 1000;
  const { integrity } = JSON.parse(await readFile(join(out, 'report.json'), 'utf8')) as Report;
  return {
    ...(await taskTimes(join(out, '.state/results.duckdb'))),
    wallSeconds,
    digest: integrity.resultsDigest,
  };
}

async function unpair(words: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [COMMAND, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => (output += text.toString()));
  }
  await once(child, 'close');
  if (child.exitCode === 0) return;
  throw new Error(`unpair ended with ${child.exitCode ?? child.signalCode ?? ''} (is it built?):\n${output}`);
}

/** A task ends when the broker stores its result, and has taken what its worker says. */
async function taskTimes(database: string): Promise<Pick<Measurement, 'seconds' | 'busySeconds'>> {
  const instance = await DuckDBInstance.create(database, { access_mode: 'READ_ONLY' });
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll(
      `SELECT max(time_ms) / 1000 - min(time_ms / 1000 - seconds) AS seconds, sum(seconds) AS busy FROM tasks`,
    );
    const [row] = reader.getRowObjectsJS();
    return { seconds: Number(row?.['seconds']), busySeconds: Number(row?.['busy']) };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
