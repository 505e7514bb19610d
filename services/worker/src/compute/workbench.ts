import { decodeSampleSet, type SampleSet } from '@unpair/datasets';
import type { Runtime } from '@unpair/graph';
import type { Endpoint } from '@unpair/protocol';
import { readFile } from 'node:fs/promises';
import type { CheckpointPlace } from './checkpoint-of.js';
import { LeaseCache, type Lease } from './lease-cache.js';
import type { EndpointModel } from '../endpoint/endpoint-classifier.js';
import { openEndpoint, type EndpointPolicy } from '../endpoint/open-endpoint.js';
import { LoadedModel } from './loaded-model.js';
import type { ComputeOptions, CachedFile } from './messages.js';
import type { Tuner } from './tuning/tuner.js';

/** Sample sets kept decoded: the one that is attacked and the one that quantizers calibrate on. */
const SAMPLE_SETS = 2;

export interface WorkbenchOptions extends Pick<ComputeOptions, 'threads' | 'modelCapacity'> {
  readonly runtime: Runtime;
  /** Without one, a model runs all that a task offers it. */
  readonly tuner?: Tuner;
  /** What may be asked elsewhere; without it, nothing. */
  readonly endpoints?: EndpointPolicy;
  /** Where training keeps its state; without it, tasks start afresh. */
  readonly checkpoints?: CheckpointPlace;
  /** Called with the digests of the models held, whenever they change. */
  readonly onModels?: (digests: readonly string[]) => void;
  /** Called with what a user should know of how a model runs, as a sentence about `it`. */
  readonly onRemark?: (digest: string, remark: string) => void;
  /** Called when a model begins to be loaded, and when it has been. */
  readonly onLoading?: (digest: string, begun: boolean) => void;
}

const NOTHING_ELSEWHERE: EndpointPolicy = { allowed: 'none', tokens: '', environment: {} };

class DecodedSamples {
  readonly samples: SampleSet;
  constructor(bytes: Uint8Array) {
    this.samples = decodeSampleSet(bytes);
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** What the compute process has at hand: models and sample sets, read from disk once and kept while they are used. */
export class Workbench {
  readonly runtime: Runtime;
  /** Threads inside one operator. */
  readonly threads: number;
  readonly checkpoints: CheckpointPlace | undefined;
  readonly #tuner: Tuner | undefined;
  readonly #onRemark: WorkbenchOptions['onRemark'];
  readonly #onLoading: WorkbenchOptions['onLoading'];
  readonly #models: LeaseCache<LoadedModel>;
  readonly #endpoints: LeaseCache<EndpointModel>;
  readonly #policy: EndpointPolicy;
  readonly #samples = new LeaseCache<DecodedSamples>({ capacity: SAMPLE_SETS });

  constructor(options: WorkbenchOptions) {
    const { runtime, threads, tuner, modelCapacity, onModels, onRemark, checkpoints } = options;
    this.#onRemark = onRemark;
    this.#onLoading = options.onLoading;
    this.runtime = runtime;
    this.checkpoints = checkpoints;
    this.#tuner = tuner;
    this.threads = threads;
    this.#policy = options.endpoints ?? NOTHING_ELSEWHERE;
    this.#endpoints = new LeaseCache({ capacity: modelCapacity });
    this.#models = new LeaseCache({ capacity: modelCapacity, ...(onModels && { onChange: onModels }) });
  }

  /** Lends a model to `use` for as long as that takes. */
  async withModel<T>(file: CachedFile, use: (model: LoadedModel) => Promise<T>): Promise<T> {
    const load = async (): Promise<LoadedModel> => {
      const bytes = await readFile(file.path);
      this.#onLoading?.(file.digest, true);
      try {
        return this.#load(file, bytes);
      } finally {
        this.#onLoading?.(file.digest, false);
      }
    };
    return lend(await this.#models.acquire(file.digest, load), use);
  }

  /** Lends a model behind an endpoint to `use`. */
  async withEndpoint<T>(endpoint: Endpoint, use: (model: EndpointModel) => Promise<T>): Promise<T> {
    const load = (): Promise<EndpointModel> => openEndpoint(endpoint, this.#policy);
    return lend(await this.#endpoints.acquire(JSON.stringify(endpoint), load), use);
  }

  /** Lends a sample set to `use`. */
  async withSamples<T>(file: CachedFile, use: (samples: SampleSet) => Promise<T>): Promise<T> {
    const load = async (): Promise<DecodedSamples> => new DecodedSamples(await readFile(file.path));
    return lend(await this.#samples.acquire(file.digest, load), ({ samples }) => use(samples));
  }

  #load({ digest }: CachedFile, bytes: Uint8Array): LoadedModel {
    const { runtime } = this;
    const tuner = this.#tuner;
    return new LoadedModel({
      runtime,
      threads: this.threads,
      bytes,
      onRemark: (remark) => this.#onRemark?.(digest, remark),
      onLoading: (begun) => this.#onLoading?.(digest, begun),
      ...(tuner && { runSizes: (graph) => tuner.runSizes(digest, graph) }),
    });
  }

  /** Releases all native memory. */
  async close(): Promise<void> {
    await Promise.all([this.#models.close(), this.#endpoints.close()]);
  }
}

async function lend<V, T>({ value, release }: Lease<V>, use: (value: V) => Promise<T>): Promise<T> {
  try {
    return await use(value);
  } finally {
    release();
  }
}
