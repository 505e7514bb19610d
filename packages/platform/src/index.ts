export { ArtefactCache, type ArtefactCacheOptions } from './artefacts/cache.js';
export {
  CheckpointStore,
  type PutCheckpointOptions,
  type StoredCheckpoint,
} from './artefacts/checkpoint-store.js';
export { checkDigest, digestOf, isDigest, type Digest } from './artefacts/digest.js';
export { ArtefactStore, type ArtefactStoreOptions } from './artefacts/store.js';
export { systemClock, type Clock } from './clock.js';
export { helpAsked, settingProblems, type ServiceHelp } from './configuration/command-line.js';
export {
  address,
  choice,
  choices,
  flag,
  integer,
  integerOrAuto,
  pattern,
  readEnvironment,
  text,
  type Setting,
  type Values,
} from './configuration/environment.js';
export { RpcClient, type ClientAccess, type InvokeOptions, type Method } from './grpc/client.js';
export { Handlers, type CallContext, type HandlerOptions } from './grpc/handlers.js';
export { createGrpcMetrics, type GrpcMetrics } from './grpc/metrics.js';
export { GrpcServer, type DrainOptions, type GrpcServerOptions, type GrpcService } from './grpc/server.js';
export { fromStatus, retryDelayIn, toStatus } from './grpc/status.js';
export { Lifecycle, type CloseStep, type LifecycleOptions } from './lifecycle.js';
export { presentRequest, requestIdKey, withinRequest } from './request-context.js';
export { startTracing, tracingSettings, type TracingOptions } from './tracing/collector.js';
export { failSpan, pastSpan, presentContext, presentTrace, withinSpan } from './tracing/spans.js';
export { startThread } from './thread.js';
export { SparseLog } from './sparse-log.js';
export { createLogger, logLevels, type Logger, type LoggerOptions, type LogLevel } from './logging.js';
export { createRegistry } from './metrics/registry.js';
export { serveMetrics, type MetricsServer, type MetricsServerOptions } from './metrics/server.js';
export { serverStorage, type ServerStorage } from './nats/server-storage.js';
export {
  brokerFacts,
  storageFacts,
  type BrokerFacts,
  type StorageFacts,
  type StreamFacts,
} from './nats/broker-facts.js';
export { ConnectionMetrics } from './nats/connection-metrics.js';
export { Bucket, type BucketOptions, type Entry } from './nats/bucket.js';
export {
  compareVersions,
  connectNats,
  oldestNatsServer,
  onReconnect,
  type ConnectOptions,
} from './nats/connect.js';
export { Deliveries, type DeliveriesOptions, type Delivery } from './nats/deliveries.js';
export { eraseMessages } from './nats/erase.js';
export { Lease, type LeaseOptions } from './nats/lease.js';
export { ask, listen, type Heard, type ListenOptions } from './nats/listen.js';
export { publish, sizeProblem, type Publication, type PublishOptions } from './nats/publish.js';
export { hasResult, publishResult, type Verdict } from './nats/results.js';
export {
  StreamReader,
  type StreamMessage,
  type StreamPosition,
  type StreamReaderOptions,
} from './nats/stream-reader.js';
export { startNatsServer, type LocalNatsServer, type NatsServerOptions } from './nats/server.js';
export {
  ackWait,
  awaitQueues,
  ensureQueue,
  ensureTopology,
  heartbeatInterval,
  managementTimeout,
  maxAttempts,
  maxDeliveries,
  restoreTopology,
  type TopologyOptions,
} from './nats/topology.js';
export { WorkQueue, type QueueDepth } from './nats/work-queue.js';
export type { NatsSecurity } from './nats/authentication.js';
export type { NatsConnection } from 'nats';
export { parseAddress, type HostPort } from './network-address.js';
export { accessLine, isRole } from './security/access-file.js';
export { authenticationOf } from './security/access-settings.js';
export { Authentication, type AuthenticationOptions } from './security/authentication.js';
export { anyone, defaultTenant, isTenant, type Identity } from './security/identity.js';
export {
  isLoopback,
  natsSecurity,
  securityProblems,
  securitySettings,
  serverTls,
  type SecurityValues,
} from './security/settings.js';
export { tlsChannel, TlsServerCredentials, type ClientTls, type ServerTls } from './security/tls.js';
