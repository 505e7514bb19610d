import { UnpairError } from '@unpair/errors';
import { withinSpan, type ArtefactCache, type ArtefactStore } from '@unpair/platform';
import { decodeResult, encodeTask, type Task, type TaskResult } from '@unpair/protocol';
import type { ComputeProgress, Executed } from '../compute/messages.js';
import type { ComputeHost } from './compute-host.js';
import { digestsOf } from './task-digests.js';
import type { TrainingCheckpoints, TrainingSignals } from './training-checkpoints.js';

export interface TaskExecutorOptions {
  readonly worker: string;
  readonly compute: ComputeHost;
  readonly cache: ArtefactCache;
  readonly store: ArtefactStore;
  readonly checkpoints: TrainingCheckpoints;
  /** Longest time without progress, in milliseconds; then the compute process counts as stuck and is killed. */
  readonly taskTimeout: number;
}

export interface ExecuteOptions extends TrainingSignals {
  readonly onProgress: (progress: ComputeProgress) => void;
}

/** Turns a task into its result: fetches what it names, has it computed, stores what it derived. */
export class TaskExecutor {
  readonly #options: TaskExecutorOptions;

  constructor(options: TaskExecutorOptions) {
    this.#options = options;
  }

  /** @throws errors with a canonical `code`; see {@link isPermanent} for which of them end the task. */
  async execute(task: Task, options: ExecuteOptions): Promise<TaskResult> {
    const { compute, worker, checkpoints } = this.#options;
    const started = performance.now();
    const artefacts = await withinSpan('fetch', {}, () => this.#fetch(task, options.signal));
    // A process that has yet to start has a time limit of its own.
    await compute.start();
    const executed = await checkpoints.during(task, options, () => this.#compute(task, artefacts, options));
    const result = decodeResult(executed.result);
    await this.#keep(result, executed, options.signal);
    const { campaignId, index, round, generation } = task;
    const seconds = (performance.now() - started) / 1000;
    return { ...result, campaignId, index, round, generation, worker, runtime: compute.runtime, seconds };
  }

  /** Lets go of what was kept for another attempt at a task that has its result. */
  async forget(task: Task): Promise<void> {
    await this.#options.checkpoints.forget(task);
  }

  async #fetch(task: Task, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const { cache } = this.#options;
    const entries = digestsOf(task).map(
      async (digest) => [digest, await cache.path(digest, signal)] as const,
    );
    return new Map(await Promise.all(entries));
  }

  async #compute(
    task: Task,
    artefacts: ReadonlyMap<string, string>,
    options: ExecuteOptions,
  ): Promise<Executed> {
    const { compute, taskTimeout } = this.#options;
    const stuck = new AbortController();
    const timer = setTimeout(() => {
      stuck.abort();
      compute.kill();
    }, taskTimeout);
    const onProgress: ExecuteOptions['onProgress'] = (progress) => {
      timer.refresh();
      options.onProgress(progress);
    };
    try {
      const request = { kind: 'execute', task: encodeTask(task), artefacts } as const;
      return await compute.request(request, { ...options, onProgress });
    } catch (error) {
      if (!stuck.signal.aborted) throw error;
      throw new UnpairError('DEADLINE_EXCEEDED', `The task made no progress for ${taskTimeout / 1000} s.`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** A derived model must be in the store before its result is seen: other tasks are released by it. */
  async #keep({ outcome }: TaskResult, { artefact }: Executed, signal: AbortSignal): Promise<void> {
    if (outcome?.$case !== 'derived' || artefact === undefined) return;
    await this.#options.store.put(outcome.value.digest, once(artefact), signal);
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- the store reads streams; this one has one piece
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
