import {
  allResults,
  allTasks,
  allWasted,
  artefactsBucket,
  checkpointsBucket,
  resultsStream,
  tasksIn,
  tasksStream,
} from '@unpair/protocol';
import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  millis,
  nanos,
  RetentionPolicy,
  StorageType,
  type ConsumerConfig,
  type JetStreamManager,
  type NatsConnection,
  type StreamConfig,
} from 'nats';
import { streamOf, subjectsOf } from '../artefacts/object-bucket.js';
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
/** Milliseconds after which a state of training goes that nobody has replaced or deleted: a week. */
const checkpointAge = 7 * 24 * 3_600_000;

export interface TopologyOptions {
  /** Copies of every stream: 1 on one server, 3 in production. */
  readonly replicas?: number;
  /** Bytes of queued tasks at most; publications beyond are refused until workers catch up. */
  readonly maxTaskBytes?: number;
  /** Bytes of results at most; beyond, workers keep what they have in hand until there is room, and submissions are refused. */
  readonly maxResultBytes?: number;
  /** Bytes of models and samples at most; uploads beyond are refused. */
  readonly maxArtefactBytes?: number;
  /** Bytes of the states of training at most; what comes beyond is not kept, and training goes on without. */
  readonly maxCheckpointBytes?: number;
  /** Tasks that the workers of one class may hold together: at least their slots. */
  readonly maxAckPending?: number;
  /** {@link ackWait} unless said: tests shorten it. */
  readonly ackWait?: number;
}

/**
 * Creates the streams, or brings their changeable settings up to date. Only settings that nats-server 2.9 knows are used.
 * The coordinator owns this, and the queues ({@link ensureQueue}); workers wait for theirs ({@link awaitQueues}).
 */
export async function ensureTopology(
  connection: NatsConnection,
  options: TopologyOptions = {},
): Promise<void> {
  try {
    const manager = await connection.jetstreamManager({ timeout: managementTimeout });
    await ensureStream(manager, tasksConfig(options));
    await dropUnclassed(manager);
    // A broker without room for it serves all the same; workers say that they keep no checkpoints.
    await ensureStream(manager, checkpointsConfig(options)).catch(onlyWhereShort);
    // Room is set aside for what a stream may take: these come last, and take what there is where it is less.
    for (const config of [resultsConfig(options), artefactsConfig(options)])
      await ensureStream(manager, config).catch((error: unknown) => {
        onlyWhereShort(error);
        return ensureStream(manager, { ...config, max_bytes: -1 });
      });
  } catch (error) {
    throw fromNats('set up the streams', error);
  }
}

/** Creates the consumer of a queue of tasks, or brings its changeable settings up to date. */
export async function ensureQueue(
  connection: NatsConnection,
  queue: string,
  options: TopologyOptions = {},
): Promise<void> {
  try {
    const manager = await connection.jetstreamManager({ timeout: managementTimeout });
    await ensureConsumer(manager, queue, options);
  } catch (error) {
    throw fromNats(`set up the queue ${queue}`, error);
  }
}

/** Makes again what someone has deleted of the streams and these queues; changes nothing that is there. */
export async function restoreTopology(
  connection: NatsConnection,
  queues: Iterable<string>,
  options: TopologyOptions = {},
): Promise<void> {
  try {
    const manager = await connection.jetstreamManager({ timeout: managementTimeout });
    await restoreStream(manager, tasksConfig(options));
    await restoreStream(manager, checkpointsConfig(options)).catch(onlyWhereShort);
    for (const config of [resultsConfig(options), artefactsConfig(options)])
      await restoreStream(manager, config).catch((error: unknown) => {
        onlyWhereShort(error);
        return restoreStream(manager, { ...config, max_bytes: -1 });
      });
    for (const queue of queues) {
      if (await isMissing(manager.consumers.info(tasksStream, queue))) {
        await ensureConsumer(manager, queue, options);
      }
    }
  } catch (error) {
    throw fromNats('restore the streams', error);
  }
}

async function restoreStream(manager: JetStreamManager, config: NamedStream): Promise<void> {
  if (await isMissing(manager.streams.info(config.name))) await manager.streams.add(config);
}

async function isMissing(looking: Promise<unknown>): Promise<boolean> {
  try {
    await looking;
    return false;
  } catch (error) {
    if (isNotFound(error)) return true;
    throw error;
  }
}

type NamedStream = Partial<StreamConfig> & { readonly name: string };

/** Streams take nothing more where they are full: nothing that was taken is lost. */
const common = {
  storage: StorageType.File,
  discard: DiscardPolicy.New,
  duplicate_window: nanos(duplicateWindow),
} as const;

function tasksConfig({ replicas = 1, maxTaskBytes = 256 * 2 ** 20 }: TopologyOptions): NamedStream {
  return {
    ...common,
    name: tasksStream,
    subjects: [allTasks],
    num_replicas: replicas,
    retention: RetentionPolicy.Workqueue,
    max_bytes: maxTaskBytes,
    max_msgs: 1_000_000,
  };
}

function resultsConfig({ replicas = 1, maxResultBytes = 50e9 }: TopologyOptions): NamedStream {
  return {
    ...common,
    name: resultsStream,
    subjects: [allResults, allWasted],
    num_replicas: replicas,
    retention: RetentionPolicy.Limits,
    max_bytes: maxResultBytes,
    allow_direct: true,
  };
}

/** The bucket of models and samples. */
function artefactsConfig({ replicas = 1, maxArtefactBytes = 50e9 }: TopologyOptions): NamedStream {
  return { ...bucketConfig(artefactsBucket), num_replicas: replicas, max_bytes: maxArtefactBytes };
}

/** The bucket of checkpoints. */
function checkpointsConfig({ replicas = 1, maxCheckpointBytes = 1e9 }: TopologyOptions): NamedStream {
  const age = { max_age: nanos(checkpointAge) };
  return {
    ...bucketConfig(checkpointsBucket),
    ...age,
    num_replicas: replicas,
    max_bytes: maxCheckpointBytes,
  };
}

/** A bucket of objects, as the object store of JetStream would make it. */
function bucketConfig(bucket: string): NamedStream {
  return {
    name: streamOf(bucket),
    subjects: subjectsOf(bucket),
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    allow_direct: true,
    allow_rollup_hdrs: true,
  };
}

function onlyWhereShort(error: unknown): void {
  if (fromNats('set up the checkpoints', error).code !== 'RESOURCE_EXHAUSTED') throw error;
}

async function ensureStream(manager: JetStreamManager, config: NamedStream): Promise<void> {
  let held: number;
  try {
    held = (await manager.streams.info(config.name)).state.bytes;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await manager.streams.add(config);
    return;
  }
  // A broker that is told of less room than is taken makes it, from the oldest on.
  const { max_bytes: most = -1 } = config;
  await manager.streams.update(config.name, { ...config, max_bytes: most < 0 ? most : Math.max(most, held) });
}

/** Drops what versions without classes of workers queued: it is queued anew, where workers take it. */
async function dropUnclassed(manager: JetStreamManager): Promise<void> {
  if (await isMissing(manager.consumers.info(tasksStream, 'workers'))) return;
  await manager.consumers.delete(tasksStream, 'workers');
  // Nobody reads these subjects any more, so that a purge by filter leads no consumer astray.
  await manager.streams.purge(tasksStream, { filter: 'tasks.*.*' });
}

async function ensureConsumer(
  manager: JetStreamManager,
  queue: string,
  options: TopologyOptions,
): Promise<void> {
  const changeable = {
    ack_wait: nanos(options.ackWait ?? ackWait),
    max_deliver: maxDeliveries,
    max_ack_pending: options.maxAckPending ?? 10_000,
  };
  const config: Partial<ConsumerConfig> = {
    ...changeable,
    durable_name: queue,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    filter_subject: tasksIn(queue),
    // Every idle worker of the class asks and waits; the server's own limit is 512.
    max_waiting: 20_000,
  };
  try {
    await manager.consumers.info(tasksStream, queue);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await manager.consumers.add(tasksStream, config);
    return;
  }
  await manager.consumers.update(tasksStream, queue, changeable);
}

/** Waits until a coordinator has made these queues; returns the milliseconds that who takes a task of them may be silent. */
export async function awaitQueues(
  connection: NatsConnection,
  queues: readonly string[],
  signal?: AbortSignal,
  clock: Clock = systemClock,
): Promise<number> {
  for (;;) {
    signal?.throwIfAborted();
    try {
      const manager = await connection.jetstreamManager({ timeout: managementTimeout });
      const infos = await Promise.all(queues.map((queue) => manager.consumers.info(tasksStream, queue)));
      return Math.min(...infos.map(({ config }) => (config.ack_wait ? millis(config.ack_wait) : ackWait)));
    } catch (error) {
      const failure = fromNats('reach the task queue', error);
      if (failure.code !== 'NOT_FOUND' && !failure.retryable) throw failure;
    }
    await clock.sleep(500, signal);
  }
}
