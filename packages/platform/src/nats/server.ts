import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UnpairError } from '@unpair/errors';
import { systemClock, type Clock } from '../clock.js';

export interface NatsServerOptions {
  /** Holds the streams, the log and the ports file. A server started on the same folder finds its streams again. */
  readonly directory: string;
  /** A free port of the loopback interface unless said. */
  readonly port?: number;
  readonly executable?: string;
  /** A file of settings for nats-server, beside what is said here. */
  readonly settings?: string;
  /** In a process group of its own, which a terminal's Ctrl-C does not reach. */
  readonly detached?: boolean;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/** A nats-server of our own on the loopback interface; disposing stops it and keeps its streams. */
export interface LocalNatsServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly process: ChildProcess;
}

const startTimeout = 60_000;

/**
 * Starts a nats-server with JetStream for local mode and tests.
 * @throws UnpairError FAILED_PRECONDITION when it is not installed, UNAVAILABLE when it does not start
 */
export async function startNatsServer(options: NatsServerOptions): Promise<LocalNatsServer> {
  const { directory, port = -1, executable = 'nats-server', detached = false, settings } = options;
  await mkdir(directory, { recursive: true });
  const flags = ['-a', '127.0.0.1', '-p', `${port}`, '-js', '-sd', join(directory, 'store')];
  const log = join(directory, 'nats-server.log');
  const file = settings === undefined ? [] : ['-c', settings];
  const args = [...flags, ...file, '-l', log, '--ports_file_dir', directory];
  const child = spawn(executable, args, { stdio: 'ignore', detached });
  const failure = new Promise<never>((_, reject) => {
    child.once('error', (cause) => {
      reject(notInstalled(executable, cause));
    });
    child.once('exit', (code) => {
      void lastLine(log).then((line) => {
        reject(new UnpairError('UNAVAILABLE', `nats-server ended with code ${code ?? 'none'}: ${line}`));
      });
    });
  });
  try {
    const bound = await Promise.race([awaitPort(directory, child, options), failure]);
    return serverHandle(child, bound);
  } catch (error) {
    await stop(child);
    throw error;
  } finally {
    failure.catch(() => undefined);
  }
}

function notInstalled(executable: string, cause: Error): UnpairError {
  const message = `Cannot run "${executable}" (${cause.message}): install nats-server ≥ 2.9, for instance with scripts/ensure-nats-server.`;
  return new UnpairError('FAILED_PRECONDITION', message, { cause });
}

async function lastLine(log: string): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => '');
  return text.trim().split('\n').at(-1) ?? '';
}

/** The server writes `nats-server_<pid>.ports` once it listens. */
async function awaitPort(
  directory: string,
  child: ChildProcess,
  options: NatsServerOptions,
): Promise<number> {
  const { clock = systemClock, signal } = options;
  const file = join(directory, `nats-server_${child.pid ?? 0}.ports`);
  for (let waited = 0; waited < startTimeout; waited += 25) {
    const text = await readFile(file, 'utf8').catch(() => '');
    const port = /"(?:nats|tls):\/\/[^"]*:(\d+)"/.exec(text)?.[1];
    if (port !== undefined) {
      await rm(file, { force: true });
      return Number(port);
    }
    await clock.sleep(25, signal);
  }
  throw new UnpairError('UNAVAILABLE', `nats-server did not start within ${startTimeout / 1000} s.`);
}

function serverHandle(child: ChildProcess, port: number): LocalNatsServer {
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    process: child,
    [Symbol.asyncDispose]: () => stop(child),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
