import { UnpairError } from '@unpair/errors';
import { startNatsServer } from '@unpair/platform';

import type { Reaper } from './reaper.js';

export interface BrokerOptions {
  readonly directory: string;
  readonly reaper: Reaper;
  readonly signal: AbortSignal;
  readonly onFailure: (error: Error) => void;
}

/** The local cluster's nats-server. */
export interface Broker extends AsyncDisposable {
  readonly url: string;
}

/** Starts nats-server in a process group of its own; its end, unless asked for, is a failure of the cluster. */
export async function startBroker({ directory, reaper, signal, onFailure }: BrokerOptions): Promise<Broker> {
  const server = await startNatsServer({ directory, signal, detached: true });
  const pid = server.process.pid ?? 0;
  reaper.watch(pid);
  let closing = false;
  server.process.once('exit', () => {
    reaper.forget(pid);
    if (!closing)
      onFailure(new UnpairError('UNAVAILABLE', `nats-server ended by itself; its log is in ${directory}`));
  });
  return {
    url: server.url,
    async [Symbol.asyncDispose]() {
      closing = true;
      await server[Symbol.asyncDispose]();
    },
  };
}
