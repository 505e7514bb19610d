import { UnpairError } from '@unpair/errors';
import type { Dim, Tensors, ValueInfo } from '@unpair/graph';
import { isDigest, type ArtefactCache, type ArtefactStore, type Handlers } from '@unpair/platform';
import type {
  GRPCInferenceServiceServer,
  ModelInferRequest,
  ModelInferResponse,
  ModelInferResponse_InferOutputTensor,
  ModelMetadataResponse,
  ModelMetadataResponse_TensorMetadata,
} from '@unpair/protocol';
import type { ComputeHost } from '../agent/compute-host.js';
import type { CachedFile } from '../compute/messages.js';
import { datatypeName, decodeContents, decodeRaw, encodeContents, encodeRaw } from './tensor-codec.js';

export interface InferenceServiceOptions {
  readonly version: string;
  readonly handlers: Handlers;
  readonly compute: ComputeHost;
  readonly cache: ArtefactCache;
  readonly store: ArtefactStore;
  readonly ready: () => boolean;
}

/**
 * The Open Inference Protocol over the artefact store: a model's name is its digest, and asking for it loads it into
 * the compute process beside the models of the task in hand.
 */
export function inferenceService(options: InferenceServiceOptions): GRPCInferenceServiceServer {
  const { handlers, ready, version } = options;
  return {
    serverLive: handlers.unary(() => Promise.resolve({ live: true })),
    serverReady: handlers.unary(() => Promise.resolve({ ready: ready() })),
    serverMetadata: handlers.unary(() => Promise.resolve({ name: 'unpair-worker', version, extensions: [] })),
    modelReady: handlers.unary(async ({ name }) => ({ ready: await isStored(options, name) })),
    modelMetadata: handlers.unary(({ name }, { signal }) => metadata(options, name, signal)),
    modelInfer: handlers.unary((request, { signal }) => infer(options, request, signal)),
  };
}

async function isStored({ compute, store }: InferenceServiceOptions, name: string): Promise<boolean> {
  return isDigest(name) && (compute.models.includes(name) || (await store.has(name)));
}

async function modelFile(
  { cache }: InferenceServiceOptions,
  name: string,
  signal: AbortSignal,
): Promise<CachedFile> {
  if (!isDigest(name)) {
    const message = `Model "${name}" is not known: models go by the SHA-256 of their file.`;
    throw new UnpairError('NOT_FOUND', message);
  }
  return { digest: name, path: await cache.path(name, signal) };
}

async function metadata(
  options: InferenceServiceOptions,
  name: string,
  signal: AbortSignal,
): Promise<ModelMetadataResponse> {
  const model = await modelFile(options, name, signal);
  const { inputs, outputs } = await options.compute.request({ kind: 'inspect', model }, { signal });
  return {
    name,
    versions: [],
    platform: options.compute.runtime,
    inputs: inputs.map(tensorMetadata),
    outputs: outputs.map(tensorMetadata),
  };
}

async function infer(
  options: InferenceServiceOptions,
  request: ModelInferRequest,
  signal: AbortSignal,
): Promise<ModelInferResponse> {
  const model = await modelFile(options, request.modelName, signal);
  const feeds = decodeInputs(request);
  const results = await options.compute.request({ kind: 'infer', model, feeds }, { signal });
  const raw = request.rawInputContents.length > 0;
  const { modelName, modelVersion, id } = request;
  return { modelName, modelVersion, id, parameters: {}, ...encodeOutputs(request, results, raw) };
}

function decodeInputs({ inputs, rawInputContents }: ModelInferRequest): Tensors {
  if (rawInputContents.length > 0 && rawInputContents.length !== inputs.length) {
    const message = `${inputs.length} inputs came with ${rawInputContents.length} raw_input_contents: one each is needed.`;
    throw new UnpairError('INVALID_ARGUMENT', message);
  }
  const entries = inputs.map((input, index) => {
    const raw = rawInputContents[index];
    return [
      input.name,
      raw === undefined ? decodeContents(input, input.contents) : decodeRaw(input, raw),
    ] as const;
  });
  return Object.fromEntries(entries);
}

type Outputs = Pick<ModelInferResponse, 'outputs' | 'rawOutputContents'>;

/** Outputs travel as the inputs came, and raw in any case where one has no typed form: the protocol forbids a mix. */
function encodeOutputs({ outputs: wanted }: ModelInferRequest, results: Tensors, raw: boolean): Outputs {
  const names = wanted.length > 0 ? wanted.map(({ name }) => name) : Object.keys(results);
  const tensors = names.map((name) => {
    const tensor = results[name];
    if (tensor !== undefined) return { name, tensor };
    const message = `The model has no output "${name}": it has ${Object.keys(results).join(', ')}.`;
    throw new UnpairError('INVALID_ARGUMENT', message);
  });
  const contents = raw ? [] : tensors.map(({ tensor }) => encodeContents(tensor));
  const asRaw = raw || contents.includes(undefined);
  const outputs = tensors.map(({ name, tensor }, i): ModelInferResponse_InferOutputTensor => ({
    name,
    datatype: datatypeName(tensor.dataType),
    shape: [...tensor.shape],
    parameters: {},
    contents: asRaw ? undefined : contents[i],
  }));
  return { outputs, rawOutputContents: asRaw ? tensors.map(({ tensor }) => encodeRaw(tensor)) : [] };
}

function tensorMetadata({ name, dataType, shape }: ValueInfo): ModelMetadataResponse_TensorMetadata {
  return { name, datatype: datatypeName(dataType), shape: shape.map(dimension) };
}

/** The protocol writes a size that is known only at run time as -1. */
function dimension(dim: Dim): number {
  return typeof dim === 'number' ? dim : -1;
}
