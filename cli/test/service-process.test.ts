import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { expect, test } from 'vitest';

import type { ServiceOptions } from '../src/local/service-process.js';
import { ServiceProcess } from '../src/local/service-process.js';
import { scratchFolder } from './scratch-folder.js';

interface Trial {
  readonly options: ServiceOptions;
  readonly restarts: readonly string[];
  /** Resolves when the service is given up. */
  readonly failure: Promise<Error>;
}

/** A service whose program is `script`, to be started. */
async function trial(script: string): Promise<Trial> {
  const folder = await scratchFolder();
  const program = join(folder, 'program.mjs');
  await writeFile(program, script);
  const restarts: string[] = [];
  const { promise: failure, resolve: onFailure } = deferred<Error>();
  const options = {
    ...{ name: 'worker-1', entry: pathToFileURL(program).href, environment: {}, graceMs: 1_000 },
    ...{ logFile: join(folder, 'worker-1.log'), onFailure },
    reaper: { watch: () => undefined, forget: () => undefined },
    onRestart: (reason: string) => void restarts.push(reason),
  };
  return { options, restarts, failure };
}

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('a service that does not stay up is named with its last words in one sentence', async () => {
  const line = { level: 'fatal', service: 'worker', message: 'Device "cuda" cannot be used.' };
  const { options, restarts, failure } = await trial(
    `console.log(${JSON.stringify(JSON.stringify(line))});\nprocess.exitCode = 1;\n`,
  );
  await using service = await ServiceProcess.start(options);
  expect(await failure).toMatchObject({
    code: 'UNAVAILABLE',
    message: `worker-1 does not stay up (code 1): Device "cuda" cannot be used; its log is ${options.logFile}`,
  });
  expect(isAlive(service.pid ?? 0)).toBe(false);
  expect(restarts).toEqual(Array(2).fill('worker-1 ended with code 1 and is started again'));
});

test('a service that is closed while what it left behind is ended is not started again', async () => {
  // Leaves a process that does not heed SIGTERM, so that ending the group takes all of the grace.
  const { options, restarts } = await trial(`
    import { spawn } from 'node:child_process';
    const stdio = ['ignore', 'pipe', 'ignore'];
    const stubborn = spawn('/bin/sh', ['-c', 'trap "" TERM; echo ready; exec sleep 60'], { stdio });
    stubborn.stdout.once('data', () => {
      console.log('started');
      process.exit(0);
    });
  `);
  const service = await ServiceProcess.start(options);
  const pid = service.pid ?? 0;
  await expect.poll(() => isAlive(pid), { timeout: 30_000 }).toBe(false);
  await service[Symbol.asyncDispose]();
  expect(service.pid).toBe(pid);
  expect(restarts).toEqual([]);
  expect(await readFile(options.logFile, 'utf8')).toBe('started\n');
});
