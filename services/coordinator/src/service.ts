import {
  connectNats,
  createGrpcMetrics,
  createRegistry,
  GrpcServer,
  Handlers,
  serveMetrics,
  type Clock,
  type Lifecycle,
  type Logger,
} from '@unpair/platform';
import { CampaignServiceService, reflectionPackage } from '@unpair/protocol';
import { dirname } from 'node:path';
import { campaignService } from './api/campaign-service.js';
import type { Configuration } from './configuration.js';
import { Coordinator } from './coordinator.js';

export interface ServiceOptions {
  readonly configuration: Configuration;
  readonly lifecycle: Lifecycle;
  readonly versions: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A coordinator that serves; addresses as bound. */
export interface RunningService {
  readonly grpc: string;
  readonly metrics: string;
  /** Settles when the coordinator's work ends; rejects when it cannot go on. */
  readonly finished: Promise<void>;
}

/** Starts the coordinator with its servers; stopping is the lifecycle's, in the reverse order. */
export async function startService(options: ServiceOptions): Promise<RunningService> {
  const { configuration, lifecycle, versions, clock, logger } = options;
  const { database, window, replicas, ackWaitSeconds, maxAckPending } = configuration;
  const { signal } = lifecycle;
  const connection = await connectNats({
    url: configuration.natsUrl,
    name: 'coordinator',
    logger,
    signal,
    clock,
  });
  lifecycle.onStop('NATS', () => connection.drain());
  const registry = createRegistry();
  const topology = { replicas, maxAckPending, ackWait: ackWaitSeconds * 1_000 };
  const coordinator = lifecycle.use(
    'coordinator',
    await Coordinator.start({
      ...{ connection, database, window, topology, registry, clock, logger },
      limits: { maxTasks: configuration.maxTasks },
    }),
  );
  const metrics = lifecycle.use(
    'metrics',
    await serveMetrics({ registry, address: configuration.metricsAddress }),
  );
  const handlers = new Handlers({ logger, clock, metrics: createGrpcMetrics(registry) });
  const api = campaignService({ coordinator, handlers, clock, exportDirectory: dirname(database), versions });
  const grpc = await GrpcServer.start({
    address: configuration.grpcAddress,
    services: [
      { name: 'unpair.v1.CampaignService', definition: CampaignServiceService, implementation: api },
    ],
    reflection: reflectionPackage(),
    handlers,
    clock,
    logger,
  });
  lifecycle.onStop('gRPC', () => grpc.drain({ notice: configuration.drainNoticeSeconds * 1_000 }));
  return { grpc: grpc.address, metrics: metrics.address, finished: coordinator.finished() };
}
