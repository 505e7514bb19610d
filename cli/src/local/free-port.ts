import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** First and last port of a range. */
export type PortRange = readonly [first: number, last: number];

/**
 * Below the ports that systems choose themselves (from 32768 on Linux, 49152 on macOS): between our look and the
 * service's start one of those could go to whoever asks for port 0, as the other services do for metrics and gRPC.
 * (Hardly to an outgoing connection on Linux, which prefers ports of the other parity for those.)
 */
const SERVICE_PORTS: PortRange = [10_240, 32_767];
const MAX_TRIES = 100;

/** A port of the loopback interface that is free, and that only a program which asks for it by number will take. */
export async function freePort([first, last] = SERVICE_PORTS): Promise<number> {
  for (let tries = 1; ; tries++) {
    const port = randomInt(first, last + 1);
    const taken = await whyTaken(port);
    if (taken === undefined) return port;
    if (tries >= MAX_TRIES) throw taken;
  }
}

/** What listening on a port of the loopback interface fails with; undefined where it is free. */
export async function whyTaken(port: number): Promise<Error | undefined> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    return error as Error;
  }
  server.close();
  await once(server, 'close');
  return undefined;
}
