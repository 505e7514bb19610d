import { connect, Events, type NatsConnection } from 'nats';
import { UnpairError } from '@unpair/errors';
import { systemClock, type Clock } from '../clock.js';
import type { Logger } from '../logging.js';
import { SparseLog } from '../sparse-log.js';
import { connectionOptions, type NatsSecurity } from './authentication.js';
import { withoutSecrets } from './server-urls.js';

/** The oldest server whose behaviour we rely on (per-subject fences on work queues, direct gets). */
export const oldestNatsServer = '2.9.0';

export interface ConnectOptions {
  /** One URL, or several separated by commas; what it holds of credentials is sent and never logged. */
  readonly url: string;
  readonly security?: NatsSecurity;
  /** Shown by the server's monitoring. */
  readonly name: string;
  readonly logger: Logger;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

const retryDelay = 1_000;

/**
 * Connects to NATS, waiting for as long as no server answers, and stays connected: the client reconnects for ever.
 * @throws UnpairError FAILED_PRECONDITION when the server is too old or has no JetStream; CANCELLED on abort
 */
export async function connectNats(options: ConnectOptions): Promise<NatsConnection> {
  const connection = await connectPatiently(options);
  try {
    checkServer(connection);
  } catch (error) {
    await connection.close();
    throw error;
  }
  void logStatus(connection, options.logger);
  return connection;
}

async function connectPatiently(options: ConnectOptions): Promise<NatsConnection> {
  const { url, security, name, logger, signal, clock = systemClock } = options;
  const nats = withoutSecrets(url);
  const patience = new SparseLog({ logger, clock, interval: 60 });
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await connect({
        ...connectionOptions(url, security),
        name,
        maxReconnectAttempts: -1,
        reconnectTimeWait: retryDelay,
        pingInterval: 10_000,
        maxPingOut: 2,
        // A stack for each request, which only its failure would show, is a tenth of what a coordinator with a thousand workers does.
        noAsyncTraces: true,
      });
    } catch (error) {
      if (isRefusal(error)) {
        throw new UnpairError('UNAUTHENTICATED', `NATS at ${nats} refused the credentials.`, {
          cause: error,
        });
      }
      const { message: reason } = UnpairError.from(error);
      patience.warn({ nats, reason }, 'no NATS server answers; trying again every second');
      await clock.sleep(retryDelay, signal);
    }
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'AUTHORIZATION_VIOLATION';
}

function checkServer(connection: NatsConnection): void {
  const { version = '0', jetstream = false } = connection.info ?? {};
  const server = connection.getServer();
  if (compareVersions(version, oldestNatsServer) < 0) {
    const message = `The nats-server at ${server} is version ${version}, but at least ${oldestNatsServer} is needed.`;
    throw new UnpairError('FAILED_PRECONDITION', message);
  }
  if (!jetstream) {
    const message = `The nats-server at ${server} runs without JetStream: start it with "--jetstream".`;
    throw new UnpairError('FAILED_PRECONDITION', message);
  }
}

/** Negative, zero or positive as version `a` is older than, equal to or newer than `b`; pre-release tags are ignored. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => (version.split('-')[0] ?? '').split('.').map(Number));
  for (let part = 0; part < 3; part++) {
    const difference = (left?.[part] ?? 0) - (right?.[part] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Calls back after every time that the connection was lost and found again, for as long as it is open. */
export function onReconnect(connection: NatsConnection, listener: () => void): void {
  const listening = async (): Promise<void> => {
    for await (const { type } of connection.status()) if (type === Events.Reconnect) listener();
  };
  void listening();
}

async function logStatus(connection: NatsConnection, logger: Logger): Promise<void> {
  for await (const { type, data } of connection.status()) {
    const event = { event: type, data };
    if (type === Events.Disconnect || type === Events.Error) logger.warn(event, 'NATS connection');
    else if (type === Events.Reconnect) logger.info(event, 'NATS connection');
  }
}
