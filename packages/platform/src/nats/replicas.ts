import type { NatsConnection } from 'nats';
import { managementTimeout } from './topology.js';

/**
 * Gives the stream behind a bucket as many copies as are asked for, where any number is: whoever opens a bucket first
 * makes it, and workers do not know how many there should be.
 */
export async function ensureReplicas(
  connection: NatsConnection,
  stream: string,
  replicas: number | undefined,
): Promise<void> {
  if (replicas === undefined) return;
  const manager = await connection.jetstreamManager({ timeout: managementTimeout });
  const { config } = await manager.streams.info(stream);
  if (config.num_replicas !== replicas)
    await manager.streams.update(stream, { ...config, num_replicas: replicas });
}
