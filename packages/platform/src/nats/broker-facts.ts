import type { NatsConnection, StreamInfo } from 'nats';
import type { Clock } from '../clock.js';
import { fromNats } from './errors.js';
import { managementTimeout } from './topology.js';

/** One stream, or the stream behind a bucket, as the broker has it. */
export interface StreamFacts {
  readonly name: string;
  readonly messages: number;
  readonly bytes: number;
  /** −1 where there is no limit. */
  readonly maxBytes: number;
  readonly replicas: number;
  /** Copies that are up to date, the leading one included. */
  readonly current: number;
}

/** What the broker keeps, and how much of it there may be. */
export interface StorageFacts {
  /** Of files, by all streams of the account. */
  readonly bytes: number;
  /** −1 where the account has no limit; that of the server itself is not told to clients. */
  readonly maxBytes: number;
  readonly streams: readonly StreamFacts[];
}

/** What a client can see of the broker. */
export interface BrokerFacts extends StorageFacts {
  readonly server: string;
  readonly version: string;
  /** Seconds that the broker's clock is ahead of ours. */
  readonly clockAhead: number;
}

/** @param bucket a bucket in which an entry may be written, to learn the broker's time */
export async function brokerFacts(
  connection: NatsConnection,
  { bucket, clock }: { readonly bucket: string; readonly clock: Clock },
): Promise<BrokerFacts> {
  try {
    return {
      ...(await storageFacts(connection)),
      server: connection.getServer(),
      version: connection.info?.version ?? '',
      clockAhead: await clockAhead(connection, bucket, clock),
    };
  } catch (error) {
    throw fromNats('look at the broker', error);
  }
}

/** @throws UnpairError UNAVAILABLE where the broker does not answer */
export async function storageFacts(connection: NatsConnection): Promise<StorageFacts> {
  try {
    const manager = await connection.jetstreamManager({ timeout: managementTimeout });
    const account = await manager.getAccountInfo();
    const streams = await manager.streams.list().next();
    return {
      bytes: account.storage,
      maxBytes: account.limits.max_storage,
      streams: streams.map(factsOf).sort((a, b) => (a.name < b.name ? -1 : 1)),
    };
  } catch (error) {
    throw fromNats('look at what the broker keeps', error);
  }
}

function factsOf({ config, state, cluster }: StreamInfo): StreamFacts {
  const followers = cluster?.replicas?.filter(({ current, offline }) => current && !offline) ?? [];
  return {
    name: config.name,
    messages: state.messages,
    bytes: state.bytes,
    maxBytes: config.max_bytes,
    replicas: config.num_replicas,
    current: 1 + followers.length,
  };
}

/** By the time that the broker gives an entry, between those before and after it is written. */
async function clockAhead(connection: NatsConnection, bucket: string, clock: Clock): Promise<number> {
  const entries = await connection.jetstream().views.kv(bucket);
  const before = clock.now().getTime();
  await entries.put('clock', new Uint8Array());
  const middle = (before + clock.now().getTime()) / 2;
  const entry = await entries.get('clock');
  return entry === null ? 0 : (entry.created.getTime() - middle) / 1_000;
}
