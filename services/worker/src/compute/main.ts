import { openRuntime, type OpenedRuntime, type RuntimeName } from '@unpair/runtime';
import { decodeTask, encodeResult } from '@unpair/protocol';
import { engineOf, instructionSet } from '../engine.js';
import { failureOf } from '../failure.js';
import { executeTask } from './execute-task.js';
import type { ComputeOptions, FromCompute, ToCompute } from './messages.js';
import { ComputeServer, type Handle } from './server.js';
import { defaultBatchSize, memoryForRuns } from './tuning/limits.js';
import { Tuner } from './tuning/tuner.js';
import { Workbench } from './workbench.js';

/**
 * The compute process: everything native happens here, started by the agent with its options as the one argument.
 * It says that it is ready, answers what it is asked, and ends when the agent is gone.
 */
const options = JSON.parse(process.argv[2] ?? '{}') as ComputeOptions;
const { threads, modelCapacity } = options;

const send = (message: FromCompute): void => {
  process.send?.(message);
};
const onModels = (digests: readonly string[]): void => {
  send({ kind: 'models', digests });
};

/** A device that cannot be used will not be usable to the next process either: the agent is told and gives up. */
async function openOrRefuse(): Promise<OpenedRuntime> {
  try {
    return await openRuntime({ runtime: options.runtime as RuntimeName, device: options.device });
  } catch (error) {
    const { code, message } = failureOf(error);
    return new Promise(() => process.send?.({ kind: 'refused', code, message }, () => process.exit(1)));
  }
}

// Before anything that takes time: the agent may go, or signals come, while the runtime loads.
process.on('disconnect', () => process.exit(0));
// Signals to the group are the agent's to handle: it decides when this process ends.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);

const { runtime, device, devices } = await openOrRefuse();
const batchSize = options.batchSize ?? defaultBatchSize(runtime.device);
const tuner = new Tuner({
  runtime,
  threads,
  batchSize,
  fixed: options.batchSize !== null,
  folder: options.tuningDir,
  memory: memoryForRuns(device),
  onOutOfMemory: (graph, model, rows) => {
    send({ kind: 'outOfMemory', model, graph, rows });
  },
});
const onRemark = (model: string, remark: string): void => {
  send({ kind: 'remark', model, remark });
};
const { name, version } = runtime;
const facts = { runtime: { name, version, device: runtime.device }, devices };
const checkpoints = { folder: options.checkpointDir, engine: engineOf(facts, instructionSet()) };
const workbench = new Workbench({
  runtime,
  threads,
  tuner,
  modelCapacity,
  onModels,
  onRemark,
  onLoading: (model, begun) => {
    send({ kind: 'loading', model, begun });
  },
  checkpoints,
  endpoints: { allowed: options.endpoints, tokens: options.endpointTokens, environment: process.env },
});

const handle: Handle = async (request, { signal, report }) => {
  if (request.kind === 'execute') {
    const { artefacts } = request;
    const task = decodeTask(request.task);
    const { result, artefact } = await executeTask(task, { workbench, artefacts, batchSize, signal, report });
    return { result: encodeResult(result), ...(artefact && { artefact }) };
  }
  return workbench.withModel(request.model, async (model) => {
    const executable = await model.forward();
    if (request.kind === 'infer') return executable.run(request.feeds);
    return { inputs: executable.inputs, outputs: executable.outputs };
  });
};

const server = new ComputeServer(handle, send);
process.on('message', (message) => {
  server.receive(message as ToCompute);
});

send({ kind: 'ready', ...facts, batchSize });
