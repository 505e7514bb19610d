import {
  allResults,
  allTasks,
  allWasted,
  resultsStream,
  tasksStream,
  workersConsumer,
} from '@unpair/protocol';
import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  nanos,
  RetentionPolicy,
  StorageType,
  type Consumer,
  type ConsumerConfig,
  type JetStreamManager,
  type NatsConnection,
  type StreamConfig,
} from 'nats';
import { systemClock, type Clock } from '../clock.js';
import { fromNats, isNotFound } from './errors.js';

/** Milliseconds a worker may stay silent before its task goes to another one. */
export const ackWait = 30_000;
/** Milliseconds between two signs of life of a worker that computes. */
export const heartbeatInterval = 10_000;
/** Attempts at a task: it is given up when the last fails, and not executed should it come again. */
export const maxAttempts = 5;
/** The broker's own backstop, for workers that die before they can even give a task up. */
export const maxDeliveries = 8;

/**
 * Milliseconds that the broker may take to set up or look up a stream, consumer or bucket: it syncs files, and the
 * client's own 5 s are too few on a machine that stalls. Publishing is repeated instead.
 */
export const managementTimeout = 15_000;

const duplicateWindow = 120_000;

export interface TopologyOptions {
  /** Copies of every stream: 1 on one server, 3 in production. */
  readonly replicas?: number;
  /** Bytes of queued tasks at most; publications beyond are refused until workers catch up. */
  readonly maxTaskBytes?: number;
  /** Bytes of results at most; no limit by default. */
  readonly maxResultBytes?: number;
  /** Tasks that all workers together may hold: at least twice their slots. */
  readonly maxAckPending?: number;
  /** {@link ackWait} unless said: tests shorten it. */
  readonly ackWait?: number;
}

/**
 * Creates the streams and the workers' consumer, or brings their changeable settings up to date. Only settings that
 * nats-server 2.9 knows are used. The coordinator owns this; workers wait for it ({@link awaitWorkersConsumer}).
 */
export async function ensureTopology(
  connection: NatsConnection,
  options: TopologyOptions = {},
): Promise<void> {
  try {
    const manager = await connection.jetstreamManager({ timeout: managementTimeout });
    for (const config of streamConfigs(options)) await ensureStream(manager, config);
    await ensureConsumer(manager, options);
  } catch (error) {
    throw fromNats('set up the streams', error);
  }
}

/** Makes again what someone has deleted, as {@link ensureTopology} would; does nothing where all is there. */
export async function restoreTopology(
  connection: NatsConnection,
  options: TopologyOptions = {},
): Promise<void> {
  try {
    const manager = await connection.jetstreamManager({ timeout: managementTimeout });
    await manager.streams.info(resultsStream);
    if ((await manager.consumers.list(tasksStream).next()).length > 0) return;
  } catch (error) {
    if (!isNotFound(error)) throw fromNats('look at the streams', error);
  }
  await ensureTopology(connection, options);
}

type NamedStream = Partial<StreamConfig> & { readonly name: string };

function streamConfigs(options: TopologyOptions): NamedStream[] {
  const { replicas = 1, maxTaskBytes = 256 * 2 ** 20, maxResultBytes = -1 } = options;
  const common = {
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    num_replicas: replicas,
    duplicate_window: nanos(duplicateWindow),
  };
  return [
    {
      ...common,
      name: tasksStream,
      subjects: [allTasks],
      retention: RetentionPolicy.Workqueue,
      max_bytes: maxTaskBytes,
      max_msgs: 1_000_000,
    },
    {
      ...common,
      name: resultsStream,
      subjects: [allResults, allWasted],
      retention: RetentionPolicy.Limits,
      max_bytes: maxResultBytes,
      allow_direct: true,
    },
  ];
}

async function ensureStream(manager: JetStreamManager, config: NamedStream): Promise<void> {
  try {
    await manager.streams.info(config.name);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await manager.streams.add(config);
    return;
  }
  await manager.streams.update(config.name, config);
}

async function ensureConsumer(manager: JetStreamManager, options: TopologyOptions): Promise<void> {
  const changeable = {
    ack_wait: nanos(options.ackWait ?? ackWait),
    max_deliver: maxDeliveries,
    max_ack_pending: options.maxAckPending ?? 1_000,
  };
  const config: Partial<ConsumerConfig> = {
    ...changeable,
    durable_name: workersConsumer,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    filter_subject: allTasks,
  };
  try {
    await manager.consumers.info(tasksStream, workersConsumer);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await manager.consumers.add(tasksStream, config);
    return;
  }
  await manager.consumers.update(tasksStream, workersConsumer, changeable);
}

/** The consumer that workers pull tasks from, as soon as a coordinator has made it. */
export async function awaitWorkersConsumer(
  connection: NatsConnection,
  signal?: AbortSignal,
  clock: Clock = systemClock,
): Promise<Consumer> {
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await connection.jetstream().consumers.get(tasksStream, workersConsumer);
    } catch (error) {
      const failure = fromNats('reach the task queue', error);
      if (failure.code !== 'NOT_FOUND' && !failure.retryable) throw failure;
    }
    await clock.sleep(500, signal);
  }
}
