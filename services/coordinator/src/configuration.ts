import {
  address,
  choice,
  integer,
  logLevels,
  readEnvironment,
  securityProblems,
  securitySettings,
  text,
  tracingSettings,
  type Setting,
  type Values,
} from '@unpair/platform';
import { tenantWeights } from './dispatch/tenant-weights.js';

/** Holds where callers are asked who they are. */
function tenantLimit(variable: string, what: string, most: number): Setting<number> {
  return integer(variable, { description: `the number of ${what}`, default: most, min: 1, max: 100_000_000 });
}

/** Every setting of a coordinator, each an environment variable. */
export const settings = {
  natsMonitoring: text('UNPAIR_NATS_MONITORING', {
    description:
      'the URLs of the monitoring ports of nats-servers, separated by commas, for what doctor says of their storage',
    default: '',
  }),
  grpcAddress: address('UNPAIR_GRPC_ADDRESS', {
    description: 'the address that gRPC is served on',
    default: '127.0.0.1:50051',
  }),
  advertisedAddress: text('UNPAIR_ADVERTISED_ADDRESS', {
    description: 'the address that others reach gRPC at, told to clients of coordinators that do not lead',
    default: '',
  }),
  metricsAddress: address('UNPAIR_METRICS_ADDRESS', {
    description: 'the address that /metrics is served on',
    default: '127.0.0.1:9464',
  }),
  database: text('UNPAIR_DATABASE', {
    description: 'the file of the result store; it may be lost, for it is rebuilt from the results stream',
    default: 'runs/coordinator/results.duckdb',
  }),
  window: integer('UNPAIR_WINDOW', {
    description:
      'the number of tasks that a class of workers may have in flight at least, however few they are',
    default: 2,
    min: 1,
    max: 100_000,
  }),
  maxTasks: integer('UNPAIR_MAX_TASKS', {
    description: 'the number of tasks that one campaign may have',
    default: 1_000_000,
    min: 1,
    max: 100_000_000,
  }),
  retentionDays: integer('UNPAIR_RETENTION_DAYS', {
    description: 'the days after its end at which a campaign is deleted with its results; 0 keeps all',
    default: 0,
    min: 0,
    max: 36_500,
  }),
  retentionMegabytes: integer('UNPAIR_RETENTION_MEGABYTES', {
    description:
      'the megabytes of results beyond which the campaigns that ended longest ago are deleted; 0 keeps all',
    default: 0,
    min: 0,
    max: 1_000_000_000,
  }),
  replicas: integer('UNPAIR_REPLICAS', {
    description: 'the number of copies of every stream',
    default: 1,
    min: 1,
    max: 5,
  }),
  ackWaitSeconds: integer('UNPAIR_ACK_WAIT_SECONDS', {
    description: 'the seconds that a worker may stay silent before its task goes to another',
    default: 30,
    min: 1,
    max: 3_600,
  }),
  maxAckPending: integer('UNPAIR_MAX_ACK_PENDING', {
    description: 'the number of tasks that the workers of one class may hold together',
    default: 10_000,
    min: 1,
    max: 100_000,
  }),
  maxResultMegabytes: integer('UNPAIR_MAX_RESULT_MEGABYTES', {
    description:
      'the megabytes of all results; beyond, submissions are refused and workers wait. Less where the nats-server has less',
    default: 50_000,
    min: 1,
    max: 1_000_000_000,
  }),
  maxArtefactMegabytes: integer('UNPAIR_MAX_ARTEFACT_MEGABYTES', {
    description:
      'the megabytes of all models and samples; beyond, uploads are refused. Less where the nats-server has less',
    default: 50_000,
    min: 1,
    max: 1_000_000_000,
  }),
  maxCheckpointMegabytes: integer('UNPAIR_MAX_CHECKPOINT_MEGABYTES', {
    description: 'the megabytes of all states of training in the object store; without room, none is stored',
    default: 1_000,
    min: 1,
    max: 1_000_000,
  }),
  drainNoticeSeconds: integer('UNPAIR_DRAIN_NOTICE_SECONDS', {
    description: 'the seconds between saying NOT_SERVING and refusing calls',
    default: 5,
    min: 0,
    max: 600,
  }),
  logLevel: choice('UNPAIR_LOG_LEVEL', { description: 'the log level', default: 'info', of: logLevels }),
  tenantCampaigns: tenantLimit('UNPAIR_TENANT_CAMPAIGNS', 'campaigns that one tenant may run at a time', 100),
  tenantTasks: tenantLimit('UNPAIR_TENANT_TASKS', 'tasks that one campaign of a tenant may have', 1_000_000),
  tenantMegabytes: tenantLimit(
    'UNPAIR_TENANT_MEGABYTES',
    'megabytes that one tenant may have uploaded',
    100_000,
  ),
  tenantUploads: tenantLimit('UNPAIR_TENANT_UPLOADS', 'uploads that one tenant may have open', 8),
  tenantStreams: tenantLimit('UNPAIR_TENANT_STREAMS', 'streams that one tenant may have open', 200),
  tenantWeights: tenantWeights('UNPAIR_TENANT_WEIGHTS'),
  ...tracingSettings,
  ...securitySettings,
};

/** The coordinator's settings. */
export type Configuration = Values<typeof settings>;

/** Reads the settings from the environment. @throws UnpairError INVALID_ARGUMENT naming every bad variable */
export function readConfiguration(environment: Readonly<Record<string, string | undefined>>): Configuration {
  return readEnvironment(environment, settings, (values) => securityProblems(values, values.grpcAddress));
}
