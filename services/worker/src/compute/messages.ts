import type { Tensors, ValueInfo } from '@unpair/graph';
import type { Failure, Training } from '@unpair/protocol';
import type { DeviceReport } from '@unpair/runtime';

/**
 * What agent and compute process say to each other. Structured clone carries it (`serialization: 'advanced'`), so
 * tensors travel as typed arrays. Artefacts never do: the agent fetches them and passes paths.
 */
export interface ComputeOptions {
  /** Name of the runtime, and of the device that it is to use, as the user wishes. */
  readonly runtime: string;
  readonly device: string;
  /** Threads inside one operator. */
  readonly threads: number;
  /** Samples per run of a graph; null: as many as prove fastest and fit. Results do not depend on it. */
  readonly batchSize: number | null;
  /** Models kept loaded, the least recently used closed first. */
  readonly modelCapacity: number;
  /** As UNPAIR_ENDPOINTS and UNPAIR_ENDPOINT_TOKENS have it. */
  readonly endpoints: string;
  readonly endpointTokens: string;
  /** Folder for what is learnt about batch sizes. */
  readonly tuningDir: string;
  /** Folder for the state of training tasks, so that they go on after a kill. */
  readonly checkpointDir: string;
}

/** The graphs of a classifier: its logits, and the gradient of its loss. */
export type GraphKind = 'logits' | 'gradient';

/** A model file on this machine's disk. */
export interface CachedFile {
  readonly digest: string;
  readonly path: string;
}

/** Runs a task. `task` is its wire form; `artefacts` are the files of every digest that it names. */
export interface ExecuteRequest {
  readonly kind: 'execute';
  readonly task: Uint8Array;
  readonly artefacts: ReadonlyMap<string, string>;
}

/** Runs one model once, as the Open Inference Protocol asks. */
export interface InferRequest {
  readonly kind: 'infer';
  readonly model: CachedFile;
  readonly feeds: Tensors;
}

/** Asks what a model takes and gives. */
export interface InspectRequest {
  readonly kind: 'inspect';
  readonly model: CachedFile;
}

export type ComputeRequest = ExecuteRequest | InferRequest | InspectRequest;

/** Outcome of a task: a `TaskResult` in its wire form, with the agent's fields left empty, and a derived model. */
export interface Executed {
  readonly result: Uint8Array;
  readonly artefact?: Uint8Array;
}

export interface Signature {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

/** What each request is answered with. */
export interface ComputeAnswers {
  readonly execute: Executed;
  readonly infer: Tensors;
  readonly inspect: Signature;
}

/** Work done so far by one request: what is lost when the process dies. */
export interface ComputeProgress {
  /** Billed evaluations of the target. */
  readonly queries: number;
  /** Samples that went through a graph. */
  readonly images: number;
  /** Runs of a graph. */
  readonly batches: number;
  /** Requests to an endpoint that had to be repeated: no queries, for those are counted once. */
  readonly retries: number;
  /** How the training of a model goes, where there is news of it. */
  readonly training?: Training;
}

export type ToCompute =
  | { readonly kind: 'request'; readonly id: number; readonly request: ComputeRequest }
  | { readonly kind: 'cancel'; readonly id: number };

/** A runtime as reports name it. */
export interface RuntimeFacts {
  readonly name: string;
  readonly version: string;
  readonly device: string;
}

/** What the process computes with. */
export interface ComputeFacts {
  readonly runtime: RuntimeFacts;
  /** Everything that it might have used, in the order of preference. */
  readonly devices: readonly DeviceReport[];
  /** Samples that tasks offer a model at a time. */
  readonly batchSize: number;
}

export type FromCompute =
  /** Sent once: the runtime works. */
  | ({ readonly kind: 'ready' } & ComputeFacts)
  /** Sent once, in place of `ready`: what was asked for cannot be had on this machine. */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  | { readonly kind: 'answer'; readonly id: number; readonly value: ComputeAnswers[keyof ComputeAnswers] }
  | ({ readonly kind: 'failed'; readonly id: number } & Failure)
  | { readonly kind: 'progress'; readonly id: number; readonly progress: ComputeProgress }
  /** A run of a model's graph did not fit in memory; it goes on with fewer rows. */
  | { readonly kind: 'outOfMemory'; readonly model: string; readonly graph: GraphKind; readonly rows: number }
  /** Something that a user should know of how a model runs: a sentence about `it`. Sent when the model is loaded. */
  | { readonly kind: 'remark'; readonly model: string; readonly remark: string }
  /** A model begins to be loaded, or has been: what takes too long is ended from outside. */
  | { readonly kind: 'loading'; readonly model: string; readonly begun: boolean }
  /** Digests of the models held, whenever they change. */
  | { readonly kind: 'models'; readonly digests: readonly string[] };
