import { UnpairError } from '@unpair/errors';
import {
  ArtefactCache,
  ArtefactStore,
  CheckpointStore,
  ConnectionMetrics,
  authenticationOf,
  connectNats,
  createGrpcMetrics,
  createRegistry,
  GrpcServer,
  Handlers,
  maxAttempts,
  natsSecurity,
  serveMetrics,
  serverTls,
  startTracing,
  systemClock,
  type Lifecycle,
  type Logger,
  type NatsConnection,
} from '@unpair/platform';
import {
  GRPCInferenceServiceService,
  queueName,
  reflectionPackage,
  WorkerServiceService,
  WorkerState,
  type DescribeResponse,
  type TaskInHand,
  type WorkerReport,
} from '@unpair/protocol';
import { describeDevice } from '@unpair/runtime';
import { join } from 'node:path';
import {
  ComputeHost,
  type ComputeProgram,
  type ModelRemark,
  type OutOfMemory,
} from './agent/compute-host.js';
import { defaultMemoryLimit } from './agent/compute-limits.js';
import { createWorkerMetrics, registerComputeGauges, type WorkerMetrics } from './agent/metrics.js';
import { Registration, type RegistrationOptions } from './agent/registration.js';
import { TaskExecutor } from './agent/task-executor.js';
import { TaskHandler } from './agent/task-handler.js';
import { TaskQueue } from './agent/task-queue.js';
import { TrainingCheckpoints } from './agent/training-checkpoints.js';
import type { ComputeFacts } from './compute/messages.js';
import type { WorkerConfig } from './config.js';
import { engineOf, instructionSet } from './engine.js';
import { inferenceService } from './grpc/inference-service.js';
import { workerService } from './grpc/worker-service.js';

export interface WorkerOptions {
  readonly config: WorkerConfig;
  readonly version: string;
  readonly program: ComputeProgram;
  readonly logger: Logger;
  /** Says when to leave; everything that starts here registers how it ends. */
  readonly lifecycle: Lifecycle;
}

/** A running worker. It ends through the lifecycle that it was started with. */
export interface Worker {
  /** host:port as bound. */
  readonly grpcAddress: string;
  readonly metricsAddress: string;
  describe(): DescribeResponse;
  /** Process id of the present compute process. */
  computePid(): number | undefined;
}

/** Starts an agent and its compute process, and takes tasks until the lifecycle says to stop. */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { config, lifecycle, logger, version } = options;
  const service = { service: 'worker', instance: config.worker, version };
  lifecycle.use('traces', await startTracing({ endpoint: config.tracesEndpoint, ...service, logger }));
  const registry = createRegistry();
  const metrics = createWorkerMetrics(registry);
  const connected = new ConnectionMetrics(registry);
  const started: { server?: GrpcServer } = {};
  const healthy = (): boolean => started.server?.isServing === true && connected.isConnected;
  const metricsServer = await serveMetrics({ registry, address: config.metricsAddress, healthy });
  lifecycle.use('metrics', metricsServer);
  const connection = await connectNats({
    url: config.natsUrl,
    security: natsSecurity(config),
    name: `worker ${config.worker}`,
    logger,
    signal: lifecycle.signal,
  });
  connected.follow(connection);
  lifecycle.onStop('nats', () => leave(connection));
  const compute = lifecycle.use('compute', startCompute(options, metrics));
  registerComputeGauges(registry, compute);
  const store = await ArtefactStore.await(connection, lifecycle.signal);
  const cache = new ArtefactCache({
    ...{ store, directory: config.cacheDir, maxBytes: config.cacheMib * 2 ** 20 },
    onLookup: (found) => {
      metrics.cacheLookups.inc({ found: found ? 'hit' : 'miss' });
    },
  });
  const queue = createQueue(options, { connection, compute, store, cache, metrics });
  const describe = (): DescribeResponse => description(options, compute, queue);
  const handlers = new Handlers({ logger, clock: systemClock, metrics: createGrpcMetrics(registry) });
  const server = await serveGrpc(options, { handlers, compute, cache, store, describe });
  started.server = server;
  lifecycle.onStop('gRPC', () => server.drain({ notice: 0, deadline: 2_000 }));
  await compute.start();
  void server.follow(() => connected.isConnected, lifecycle.signal);
  announce(compute, metrics, logger);
  const offer = offerOf(options, compute);
  const report = (): WorkerReport => reportOf(options, { offer, compute, queue });
  // Ends after the task queue: a worker that leaves hears of what to abandon while it has a task in hand.
  const registration = lifecycle.use('registration', register({ connection, report, queue, logger }));
  lifecycle.onStop('task queue', async () => {
    await registration.report();
    await queue.ended();
  });
  queue.start(offer.kinds.map((kind) => queueName({ ...offer, kind })));
  await registration.report();
  logger.info({ grpc: server.address, metrics: metricsServer.address, runtime: compute.runtime }, 'ready');
  return {
    grpcAddress: server.address,
    metricsAddress: metricsServer.address,
    describe,
    computePid: () => compute.pid,
  };
}

/** What a worker is there for. */
type Offer = Pick<WorkerConfig, 'label' | 'kinds'> & { readonly engine: string };

function offerOf({ config: { label, kinds } }: WorkerOptions, { facts }: ComputeHost): Offer {
  if (facts === undefined)
    throw new UnpairError('INTERNAL', 'The compute process did not say what it runs on.');
  return { label, kinds, engine: engineOf(facts, instructionSet()) };
}

interface Reported {
  readonly offer: Offer;
  readonly compute: ComputeHost;
  readonly queue: TaskQueue;
}

/** Models that a report names. */
const namedModels = 32;

function reportOf(
  { config, version, lifecycle }: WorkerOptions,
  { offer, compute, queue }: Reported,
): WorkerReport {
  const { name = '', version: runtime = '', device = '' } = compute.facts?.runtime ?? {};
  const { label, engine, kinds } = offer;
  return {
    ...{ worker: config.worker, version, label, engine, kinds: [...kinds] },
    ...{ runtime: `${name} ${runtime}`, device, slots: 1 },
    tasks: queue.task === undefined ? [] : [queue.task],
    modelsHeld: compute.models.length,
    models: compute.models.slice(-namedModels),
    leaving: lifecycle.signal.aborted,
  };
}

function register({
  queue,
  ...options
}: Pick<RegistrationOptions, 'connection' | 'report' | 'logger'> & {
  readonly queue: TaskQueue;
}): Registration {
  const onAbandon = (tasks: readonly TaskInHand[]): void => {
    queue.abandon(tasks);
  };
  return new Registration({ ...options, onAbandon });
}

function startCompute({ config, logger, program }: WorkerOptions, metrics: WorkerMetrics): ComputeHost {
  const { runtime, device, threads, batchSize, modelCapacity, cacheDir, memoryLimit, loadSeconds } = config;
  const tuningDir = join(cacheDir, 'tuning');
  const checkpointDir = checkpointsIn(config);
  const onLost = (reason: string): void => {
    metrics.computeRestarts.inc();
    logger.error({ reason }, 'the compute process was lost');
  };
  const onOutOfMemory = ({ model, graph, rows }: OutOfMemory): void => {
    metrics.outOfMemory.inc({ graph });
    logger.warn({ model, graph, rows }, 'a batch did not fit in memory and goes on in halves');
  };
  const { endpoints, endpointTokens } = config;
  const places = { tuningDir, checkpointDir, endpoints, endpointTokens };
  const options = { runtime, device, threads, batchSize, modelCapacity, ...places };
  const onRemark = ({ model, remark }: ModelRemark): void => {
    logger.warn({ model }, `of a model: ${remark}`);
  };
  const memory = memoryLimit === null ? defaultMemoryLimit() : memoryLimit * 2 ** 20;
  const limits = { memory, loadTimeout: loadSeconds * 1_000 };
  return new ComputeHost({ program, limits, ...options, onLost, onOutOfMemory, onRemark });
}

/** Says what the worker computes on, and of every other device why not. */
function announce({ facts }: ComputeHost, metrics: WorkerMetrics, logger: Logger): void {
  if (facts === undefined) return;
  const { runtime, devices, batchSize } = facts;
  metrics.info.set({ runtime: runtime.name, version: runtime.version, device: runtime.device }, 1);
  for (const report of devices) logger.info(describeDevice(report));
  logger.info({ ...runtime, batchSize }, `computes on ${runtime.device} with ${runtime.name}`);
}

interface Parts {
  readonly connection: NatsConnection;
  readonly compute: ComputeHost;
  readonly store: ArtefactStore;
  readonly cache: ArtefactCache;
  readonly metrics: WorkerMetrics;
}

function createQueue({ config, logger, lifecycle }: WorkerOptions, parts: Parts): TaskQueue {
  const { connection, compute, store, cache, metrics } = parts;
  const { worker, retryMilliseconds } = config;
  const batchSize = (): number => compute.facts?.batchSize ?? 1;
  const taskTimeout = config.taskSeconds * 1_000;
  const checkpoints = createCheckpoints({ config, logger }, parts);
  const executor = new TaskExecutor({ worker, compute, cache, store, checkpoints, taskTimeout });
  const policy = {
    delays: [retryMilliseconds, 6 * retryMilliseconds, 24 * retryMilliseconds],
    attempts: maxAttempts,
  };
  const handler = new TaskHandler({ worker, connection, executor, batchSize, policy, metrics, logger });
  return new TaskQueue({
    connection,
    handler,
    metrics,
    logger,
    signal: lifecycle.signal,
    grace: config.drainSeconds * 1_000,
  });
}

function createCheckpoints(
  { config, logger }: Pick<WorkerOptions, 'config' | 'logger'>,
  { connection, compute, metrics }: Pick<Parts, 'connection' | 'compute' | 'metrics'>,
): TrainingCheckpoints {
  const instructions = instructionSet();
  return new TrainingCheckpoints({
    store: new CheckpointStore(connection),
    folder: checkpointsIn(config),
    engine: () => engineOf(factsOf(compute), instructions),
    interval: config.checkpointSeconds * 1_000,
    metrics,
    logger,
  });
}

/** Where the compute process keeps the states of training. */
function checkpointsIn({ cacheDir }: WorkerConfig): string {
  return join(cacheDir, 'checkpoints');
}

/** @throws {UnpairError} UNAVAILABLE before the compute process has said what it runs on */
function factsOf({ facts }: ComputeHost): ComputeFacts {
  if (facts !== undefined) return facts;
  throw new UnpairError('UNAVAILABLE', 'The compute process did not say what it runs on.');
}

interface GrpcParts extends Pick<Parts, 'compute' | 'cache' | 'store'> {
  readonly handlers: Handlers;
  readonly describe: () => DescribeResponse;
}

function serveGrpc(
  { config, lifecycle, logger, version }: WorkerOptions,
  { handlers, compute, cache, store, describe }: GrpcParts,
): Promise<GrpcServer> {
  const ready = (): boolean => !lifecycle.signal.aborted;
  const drain = (): void => void lifecycle.stop();
  return GrpcServer.start({
    address: config.grpcAddress,
    tls: serverTls(config),
    authentication: authenticationOf(config),
    services: [
      {
        name: 'unpair.v1.WorkerService',
        definition: WorkerServiceService,
        implementation: workerService({ handlers, describe, drain }),
      },
      {
        name: 'inference.GRPCInferenceService',
        definition: GRPCInferenceServiceService,
        implementation: inferenceService({ version, handlers, compute, cache, store, ready }),
      },
    ],
    reflection: reflectionPackage(),
    handlers,
    clock: systemClock,
    logger,
  });
}

function description(
  { config, lifecycle, version }: WorkerOptions,
  compute: ComputeHost,
  queue: TaskQueue,
): DescribeResponse {
  const occupied = queue.task === undefined ? WorkerState.IDLE : WorkerState.BUSY;
  return {
    worker: config.worker,
    version,
    state: lifecycle.signal.aborted ? WorkerState.DRAINING : occupied,
    runtime: compute.runtime,
    task: queue.task === undefined ? '' : `${queue.task.campaignId}/${queue.task.index}`,
    tasksDone: queue.tasksDone,
    models: [...compute.models],
    devices: (compute.facts?.devices ?? []).map(({ runtime, device, usable, detail }) => ({
      runtime,
      device,
      usable,
      detail,
    })),
  };
}

/** A hand-back is a plain message: it must be out before the connection closes. */
async function leave(connection: NatsConnection): Promise<void> {
  if (connection.isClosed()) return;
  await Promise.race([connection.flush(), systemClock.sleep(2_000)]).catch(() => undefined);
  await connection.close();
}
