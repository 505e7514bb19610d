import {
  ConnectionMetrics,
  authenticationOf,
  connectNats,
  createGrpcMetrics,
  createRegistry,
  GrpcServer,
  Handlers,
  Lease,
  natsSecurity,
  serveMetrics,
  serverTls,
  startTracing,
  type Clock,
  type GrpcServerOptions,
  type LeaseOptions,
  type Lifecycle,
  type Logger,
  type NatsConnection,
} from '@unpair/platform';
import { UnpairError } from '@unpair/errors';
import { CampaignServiceService, leaderBucket, reflectionPackage } from '@unpair/protocol';
import { dirname } from 'node:path';
import { Gauge, type Registry } from 'prom-client';
import { ArtefactOwners } from './access/artefact-owners.js';
import type { TenancyOptions } from './access/tenancy.js';
import { campaignService } from './api/campaign-service.js';
import { LeaderGate } from './api/leader-gate.js';
import type { Configuration } from './configuration.js';
import { Coordinator } from './coordinator.js';

export interface ServiceOptions {
  readonly configuration: Configuration;
  readonly lifecycle: Lifecycle;
  readonly versions: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told the addresses as bound, before this process leads. */
  readonly onStandby?: (addresses: Pick<RunningService, 'grpc' | 'metrics'>) => void;
}

/** A coordinator that serves; addresses as bound. */
export interface RunningService {
  readonly grpc: string;
  readonly metrics: string;
  /** Settles when the coordinator's work ends; rejects when it cannot go on. */
  readonly finished: Promise<void>;
}

/**
 * Starts the coordinator with its servers, as soon as it leads; until then its gRPC server says who does. Stopping is the
 * lifecycle's, in the reverse order: the lease is released when all work is done.
 */
export async function startService(options: ServiceOptions): Promise<RunningService> {
  const { configuration, lifecycle, clock, logger } = options;
  const { signal } = lifecycle;
  const { natsUrl, replicas, advertisedAddress } = configuration;
  await trace(options);
  const registry = createRegistry();
  const started: { grpc?: GrpcServer; coordinator?: Coordinator; lease?: Lease } = {};
  const connected = new ConnectionMetrics(registry);
  const isLeading = (): boolean => started.lease?.isHeld === true;
  registerLeading(registry, isLeading);
  const healthy = (): boolean => started.grpc?.isServing === true && connected.isConnected;
  const served = await serveMetrics({ registry, address: configuration.metricsAddress, healthy });
  const metrics = lifecycle.use('metrics', served).address;
  const connection = await connectNats({
    ...{ url: natsUrl, security: natsSecurity(configuration), name: 'coordinator' },
    ...{ logger, signal, clock },
  });
  connected.follow(connection);
  lifecycle.onStop('NATS', () => connection.drain());
  lifecycle.onStop('lease', () => started.lease?.release());
  lifecycle.onStop('coordinator', () => started.coordinator?.[Symbol.asyncDispose]());
  const authentication = authenticationOf(configuration);
  const handlers = new Handlers({ logger, clock, metrics: createGrpcMetrics(registry) });
  const gate = new LeaderGate({ isLeading, leader: () => started.lease?.holderAddress ?? '' });
  const grpc = await serveGrpc(options, { handlers, authentication, gate });
  started.grpc = grpc;
  lifecycle.onStop('gRPC', () => grpc.drain({ notice: configuration.drainNoticeSeconds * 1_000 }));

  const address = advertisedAddress === '' ? grpc.address : advertisedAddress;
  const lease = await openLease({ connection, name: leaderBucket, address, replicas, clock, logger }, signal);
  started.lease = lease;
  options.onStandby?.({ grpc: grpc.address, metrics });
  await lease.acquire(signal);
  logger.info({ address }, 'leads');
  const keeping = lease.keep(signal);
  keeping.catch(() => undefined);
  const coordinator = await Promise.race([
    Coordinator.start({
      ...settingsOf(configuration),
      version: options.versions['unpair'] ?? '',
      ...{ connection, registry, isLeading, clock, logger },
    }),
    keeping.then(() => Promise.reject(lifecycle.signal.reason as Error)),
  ]);
  started.coordinator = coordinator;
  const guard = authentication && (await guardOf(configuration, connection));
  gate.open(campaignService({ ...serviceOf(options), coordinator, handlers, guard }));
  // A leader that cannot renew its lease is none to ask, nor is one whose broker is away.
  void grpc.follow(() => gate.isOpen && connected.isConnected, signal);
  const finished = Promise.all([coordinator.finished(), keeping]).then(() => undefined);
  return { grpc: grpc.address, metrics, finished };
}

async function trace({ configuration, lifecycle, versions, logger }: ServiceOptions): Promise<void> {
  const { tracesEndpoint: endpoint, grpcAddress: instance } = configuration;
  const version = versions['unpair'] ?? '';
  const tracing = await startTracing({ endpoint, service: 'coordinator', instance, version, logger });
  lifecycle.use('traces', tracing);
}

interface GrpcParts extends Pick<GrpcServerOptions, 'handlers' | 'authentication'> {
  readonly gate: LeaderGate;
}

function serveGrpc(
  { configuration, clock, logger }: ServiceOptions,
  { gate, ...parts }: GrpcParts,
): Promise<GrpcServer> {
  return GrpcServer.start({
    ...{ ...parts, tls: serverTls(configuration), reflection: reflectionPackage(), clock, logger },
    address: configuration.grpcAddress,
    serving: false,
    services: [
      {
        name: 'unpair.v1.CampaignService',
        definition: CampaignServiceService,
        implementation: gate.service,
      },
    ],
  });
}

/** What tenants hold, and may have. */
async function guardOf(
  configuration: Configuration,
  connection: NatsConnection,
): Promise<NonNullable<TenancyOptions['guard']>> {
  const { tenantCampaigns: campaigns, tenantTasks: tasks, tenantMegabytes, replicas } = configuration;
  const { tenantUploads: uploads, tenantStreams: streams } = configuration;
  const quotas = { campaigns, tasks, bytes: tenantMegabytes * 1e6, uploads, streams };
  return { owners: await ArtefactOwners.open(connection, replicas), quotas };
}

/** A broker that does not answer yet is waited for: a process that ends is started again later and later. */
async function openLease(options: LeaseOptions, signal: AbortSignal): Promise<Lease> {
  for (;;) {
    try {
      return await Lease.open(options);
    } catch (error) {
      if (!UnpairError.from(error).retryable) throw error;
      options.logger.warn({ error }, 'cannot see who leads; looking again');
      await options.clock.sleep(1_000, signal);
    }
  }
}

/** Metrics are served before there is a broker, so that they can tell that there is none. */
export function registerLeading(registry: Registry, isLeading: () => boolean): void {
  new Gauge({
    name: 'unpair_coordinator_leading',
    help: 'Whether this coordinator leads: 1 or 0.',
    registers: [registry],
    collect() {
      this.set(isLeading() ? 1 : 0);
    },
  });
}

function settingsOf(configuration: Configuration) {
  const {
    database,
    window,
    tenantWeights,
    replicas,
    ackWaitSeconds,
    maxAckPending,
    maxTasks,
    retentionDays,
  } = configuration;
  const sizes = {
    maxResultBytes: configuration.maxResultMegabytes * 1e6,
    maxArtefactBytes: configuration.maxArtefactMegabytes * 1e6,
    maxCheckpointBytes: configuration.maxCheckpointMegabytes * 1e6,
  };
  const topology = { replicas, maxAckPending, ...sizes, ackWait: ackWaitSeconds * 1_000 };
  const retentionBytes = configuration.retentionMegabytes * 1e6;
  const monitoring = configuration.natsMonitoring.split(',').filter((url) => url !== '');
  return {
    database,
    window,
    tenantWeights,
    topology,
    limits: { maxTasks },
    retentionDays,
    retentionBytes,
    monitoring,
  };
}

function serviceOf({ configuration, versions, clock }: ServiceOptions) {
  return { clock, versions, exportDirectory: dirname(configuration.database) };
}
