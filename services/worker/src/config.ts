import {
  address,
  choice,
  choices,
  integer,
  integerOrAuto,
  logLevels,
  pattern,
  readEnvironment,
  securityProblems,
  securitySettings,
  text,
  tracingSettings,
  type Values,
} from '@unpair/platform';
import { anyLabel, isLabel, labelsAllowed, workKinds } from '@unpair/protocol';
import { DEVICE_NAMES, isDeviceName, RUNTIME_NAMES } from '@unpair/runtime';

/** Every setting of a worker, each an environment variable. */
export const workerSettings = {
  worker: text('UNPAIR_WORKER_ID', { description: 'a name for this worker that no other has' }),
  label: pattern('UNPAIR_LABEL', {
    description: 'sets this worker apart: only campaigns whose placement names the label come here',
    accepts: isLabel,
    allowed: labelsAllowed,
    default: anyLabel,
  }),
  kinds: choices('UNPAIR_KINDS', {
    description: 'the kinds of work that this worker takes',
    of: workKinds,
    default: workKinds,
  }),
  grpcAddress: address('UNPAIR_GRPC_ADDRESS', {
    description: 'host:port to serve gRPC on',
    default: '127.0.0.1:0',
  }),
  metricsAddress: address('UNPAIR_METRICS_ADDRESS', {
    description: 'host:port to serve metrics on',
    default: '127.0.0.1:0',
  }),
  cacheDir: text('UNPAIR_CACHE_DIR', { description: 'a folder for models and sample sets, by digest' }),
  cacheMib: integer('UNPAIR_CACHE_MIB', {
    description: 'the MiB of models and sample sets that the folder may hold',
    default: 4_096,
    min: 16,
    max: 16_777_216,
  }),
  runtime: choice('UNPAIR_RUNTIME', {
    description: 'what executes models',
    of: RUNTIME_NAMES,
    default: 'auto',
  }),
  device: pattern('UNPAIR_DEVICE', {
    description: 'the device that models run on',
    accepts: isDeviceName,
    allowed: DEVICE_NAMES,
    default: 'auto',
  }),
  threads: integer('UNPAIR_THREADS', {
    description: 'threads inside one operator',
    min: 1,
    max: 1024,
    default: 1,
  }),
  batchSize: integerOrAuto('UNPAIR_BATCH_SIZE', {
    description: 'samples that go through a model at a time',
    min: 1,
    max: 65_536,
  }),
  modelCapacity: integer('UNPAIR_MODEL_CAPACITY', {
    description: 'models kept loaded',
    min: 1,
    max: 1024,
    default: 8,
  }),
  endpoints: pattern('UNPAIR_ENDPOINTS', {
    description:
      'the endpoints that campaigns may have this worker ask: none, any, or host:port, several by commas',
    accepts: (given) => /^[^\s,]+(?:,[^\s,]+)*$/.test(given),
    allowed: 'none, any, or host:port, several by commas without spaces',
    default: 'none',
  }),
  endpointTokens: text('UNPAIR_ENDPOINT_TOKENS', {
    description: 'a folder with tokens for endpoints, each in a file that campaigns may name',
    default: '',
  }),
  taskSeconds: integer('UNPAIR_TASK_SECONDS', {
    description:
      'the longest that a task may make no progress, in seconds, before its compute process counts as stuck',
    min: 1,
    max: 604_800,
    default: 3_600,
  }),
  loadSeconds: integer('UNPAIR_LOAD_SECONDS', {
    description: 'the longest that loading a model may take, in seconds: beyond it the task has failed',
    min: 1,
    max: 86_400,
    default: 300,
  }),
  memoryLimit: integerOrAuto('UNPAIR_MEMORY_LIMIT', {
    description:
      'mebibytes of memory that the compute process may hold, beyond which the task has failed; auto: four fifths of what the container or the machine has',
    min: 256,
    max: 16_777_216,
  }),
  drainSeconds: integer('UNPAIR_DRAIN_SECONDS', {
    description: 'seconds that the task in hand may still take after SIGTERM before it is handed back',
    min: 0,
    max: 86_400,
    default: 30,
  }),
  checkpointSeconds: integer('UNPAIR_CHECKPOINT_SECONDS', {
    description: "seconds between two uploads of a training's state to the object store",
    min: 1,
    max: 86_400,
    default: 60,
  }),
  retryMilliseconds: integer('UNPAIR_RETRY_MILLISECONDS', {
    description:
      'milliseconds until a task that failed for a passing reason comes back; then 6 and 24 times as long',
    min: 1,
    max: 3_600_000,
    default: 5_000,
  }),
  logLevel: choice('UNPAIR_LOG_LEVEL', { description: 'how much to log', of: logLevels, default: 'info' }),
  ...tracingSettings,
  ...securitySettings,
};

export type WorkerConfig = Values<typeof workerSettings>;

/** @throws UnpairError INVALID_ARGUMENT naming every bad variable. */
export function readWorkerConfig(environment: Readonly<Record<string, string | undefined>>): WorkerConfig {
  return readEnvironment(environment, workerSettings, (values) =>
    securityProblems(values, values.grpcAddress),
  );
}
