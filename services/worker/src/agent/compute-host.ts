import { isCode, UnpairError } from '@unpair/errors';
import type { Failure } from '@unpair/protocol';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type {
  ComputeAnswers,
  ComputeFacts,
  ComputeOptions,
  ComputeProgress,
  ComputeRequest,
  FromCompute,
  ToCompute,
} from '../compute/messages.js';
import { TrainingFailure } from '../failure.js';
import { LimitWatch, type ComputeLimits, type Excess } from './compute-limits.js';

/** The program of the compute process, and how Node is to run it. */
export interface ComputeProgram {
  readonly entry: URL;
  /** Options of Node itself; the parent's own when absent. */
  readonly execArgv?: readonly string[];
}

export interface ComputeHostOptions extends ComputeOptions {
  readonly program: ComputeProgram;
  /** What the process may take; no limits unless said. */
  readonly limits?: ComputeLimits;
  /** Longest wait for a fresh process to be ready, in milliseconds. */
  readonly startTimeout?: number;
  /** Wait before a process that died is started again, in milliseconds; doubled for each death in a row. */
  readonly restartDelay?: number;
  /** Called when a process ended that was not asked to. */
  readonly onLost?: (reason: string) => void;
  /** Called when a run of a model's graph did not fit in memory and went on with fewer rows. */
  readonly onOutOfMemory?: (run: OutOfMemory) => void;
  /** Called with what a user should know of how a model runs. */
  readonly onRemark?: (remark: ModelRemark) => void;
}

export interface RequestOptions {
  /** On abort the compute process is told; the request rejects once it has stopped, so that its last progress is known. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ComputeProgress) => void;
}

/** A run that did not fit in memory. */
export type OutOfMemory = Omit<Extract<FromCompute, { kind: 'outOfMemory' }>, 'kind'>;

/** How a model runs. */
export type ModelRemark = Omit<Extract<FromCompute, { kind: 'remark' }>, 'kind'>;

interface Pending {
  readonly child: ChildProcess;
  readonly resolve: (value: ComputeAnswers[keyof ComputeAnswers]) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: (progress: ComputeProgress) => void;
}

const MAX_RESTART_DELAY = 5_000;
/** Milliseconds that a request may take to stop: a batch, as a rule, and the state of a training that is written to a disk. */
const CANCEL_PATIENCE = 5_000;

/**
 * Owns the compute process. Native code may crash, block or be killed there; requests in flight then reject with
 * UNAVAILABLE, a new process starts, and whoever holds this object lives on.
 */
export class ComputeHost implements AsyncDisposable {
  readonly #options: Required<Omit<ComputeHostOptions, keyof ComputeOptions | 'limits'>> &
    Pick<ComputeHostOptions, 'limits'> &
    ComputeOptions;
  readonly #pending = new Map<number, Pending>();
  #child: Promise<ChildProcess> | undefined;
  #process: ChildProcess | undefined;
  #nextId = 1;
  #watch: LimitWatch | undefined;
  /** Why the present process is ended, where it went beyond a limit. */
  #excess: Excess | undefined;
  #deaths = 0;
  #closed = false;
  #facts: ComputeFacts | undefined;
  #models: readonly string[] = [];

  constructor(options: ComputeHostOptions) {
    this.#options = {
      startTimeout: 60_000,
      restartDelay: 100,
      onLost: () => undefined,
      onOutOfMemory: () => undefined,
      onRemark: () => undefined,
      ...options,
    };
  }

  /** Runtime name, version and device in one text; empty before the first start. */
  get runtime(): string {
    const { name, version, device } = this.#facts?.runtime ?? { name: '', version: '', device: '' };
    return `${name} ${version} ${device}`.trim();
  }

  /** What the process computes with, as it reported; undefined before its first start. */
  get facts(): ComputeFacts | undefined {
    return this.#facts;
  }

  /** Digests of the models that the process holds now. */
  get models(): readonly string[] {
    return this.#models;
  }

  /** Process id of the present process, for operators and for tests that kill it. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Starts the process unless it runs. Requests do so by themselves; a worker wants to know early. */
  async start(): Promise<void> {
    await this.#ensure();
  }

  /**
   * @throws {UnpairError} with the code that the process failed with, or UNAVAILABLE when it died
   * @throws {TrainingFailure} when training came to nothing
   */
  async request<R extends ComputeRequest>(
    request: R,
    { signal, onProgress = () => undefined }: RequestOptions = {},
  ): Promise<ComputeAnswers[R['kind']]> {
    signal?.throwIfAborted();
    const child = await this.#ensure();
    const id = this.#nextId++;
    const answer = new Promise<ComputeAnswers[keyof ComputeAnswers]>((resolve, reject) => {
      this.#pending.set(id, { child, resolve, reject, onProgress });
    });
    let impatience: NodeJS.Timeout | undefined;
    const cancel = (): void => {
      this.#post(child, { kind: 'cancel', id });
      impatience ??= setTimeout(() => {
        this.#settle(id)?.reject(new UnpairError('CANCELLED', 'The request was given up.'));
      }, CANCEL_PATIENCE);
    };
    if (signal?.aborted) cancel();
    signal?.addEventListener('abort', cancel);
    try {
      this.#post(child, { kind: 'request', id, request });
      return (await answer) as ComputeAnswers[R['kind']];
    } finally {
      signal?.removeEventListener('abort', cancel);
      clearTimeout(impatience);
    }
  }

  /** Kills a process that is stuck; requests in flight reject, and the next one gets a fresh process. */
  kill(): void {
    this.#process?.kill('SIGKILL');
  }

  /** Ends the process at once: it holds nothing worth saving. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const child = this.#process;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  #ensure(): Promise<ChildProcess> {
    if (this.#closed) return Promise.reject(new UnpairError('CANCELLED', 'The worker is shutting down.'));
    this.#child ??= this.#spawn().catch((error: unknown) => {
      this.#child = undefined;
      throw error;
    });
    return this.#child;
  }

  async #spawn(): Promise<ChildProcess> {
    const { program, restartDelay } = this.#options;
    if (this.#deaths > 0) {
      const delay = Math.min(restartDelay * 2 ** (this.#deaths - 1), MAX_RESTART_DELAY);
      await new Promise((resolve) => setTimeout(resolve, delay));
    }
    const child = fork(program.entry, [JSON.stringify(computeOptions(this.#options))], {
      serialization: 'advanced',
      execArgv: [...(program.execArgv ?? process.execArgv), ...heapOptions(this.#options.limits)],
    });
    this.#process = child;
    this.#guard(child);
    await this.#ready(child);
    return child;
  }

  /** Ends the process when it goes beyond its limits. */
  #guard(child: ChildProcess): void {
    const { limits } = this.#options;
    const { pid } = child;
    this.#excess = undefined;
    if (limits === undefined || pid === undefined) return;
    const isIdle = (): boolean => this.#pending.size === 0;
    const onExcess = (excess: Excess): void => {
      this.#excess = excess;
      child.kill('SIGKILL');
    };
    this.#watch = new LimitWatch({ ...limits, pid, isIdle, onExcess });
  }

  #ready(child: ChildProcess): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), this.#options.startTimeout);
      child.on('message', (message: FromCompute) => {
        if (message.kind === 'ready') {
          clearTimeout(timer);
          this.#facts = message;
          resolve();
        } else if (message.kind === 'refused') {
          clearTimeout(timer);
          reject(errorOf({ ...message, training: undefined }));
        } else this.#receive(message);
      });
      const lost = (reason: string): void => {
        clearTimeout(timer);
        reject(this.#lose(child, reason));
      };
      child.once('error', (error) => {
        lost(error.message);
      });
      child.once('exit', (code, signal) => {
        lost(signal === null ? `it exited with code ${String(code)}` : `it was killed by ${signal}`);
      });
    });
  }

  #receive(message: Exclude<FromCompute, { kind: 'ready' | 'refused' }>): void {
    switch (message.kind) {
      case 'answer':
        this.#deaths = 0;
        this.#settle(message.id)?.resolve(message.value);
        return;
      case 'failed':
        this.#settle(message.id)?.reject(errorOf(message));
        return;
      case 'progress':
        this.#pending.get(message.id)?.onProgress(message.progress);
        return;
      case 'outOfMemory':
        this.#options.onOutOfMemory(message);
        return;
      case 'remark':
        this.#options.onRemark(message);
        return;
      case 'loading':
        this.#watch?.loading(message.model, message.begun);
        return;
      case 'models':
        this.#models = message.digests;
    }
  }

  /** The process is gone: everything that waited for it rejects, the next request starts another. */
  #lose(child: ChildProcess, reason: string): UnpairError {
    if (this.#process !== child) return this.#error(reason);
    const error = this.#error(reason);
    this.#watch?.[Symbol.dispose]();
    this.#process = undefined;
    this.#child = undefined;
    this.#models = [];
    this.#deaths++;
    if (!this.#closed) this.#options.onLost(reason);
    for (const [id, pending] of this.#pending) if (pending.child === child) this.#settle(id)?.reject(error);
    return error;
  }

  /**
   * Why requests fail whose process is gone. What took it beyond a limit would do so again; what came when it held much
   * already may do in a fresh process.
   */
  #error(reason: string): UnpairError {
    if (this.#excess === undefined)
      return new UnpairError('UNAVAILABLE', `The compute process was lost: ${reason}.`);
    const { reason: sentence, isProven } = this.#excess;
    return new UnpairError(isProven ? 'FAILED_PRECONDITION' : 'UNAVAILABLE', sentence);
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  /** A process that just died cannot be written to; its exit event rejects what waits. */
  #post(child: ChildProcess, message: ToCompute): void {
    if (child.connected) child.send(message, () => undefined);
  }
}

function errorOf({ code, message, training }: Failure): UnpairError {
  const error = new UnpairError(isCode(code) ? code : 'INTERNAL', message);
  return training === undefined ? error : new TrainingFailure(error, training);
}

/** What the process is started with, and nothing else: it travels on its command line. */
function computeOptions(options: ComputeOptions): ComputeOptions {
  const { runtime, device, threads, batchSize, modelCapacity, tuningDir, checkpointDir } = options;
  const { endpoints, endpointTokens } = options;
  const places = { tuningDir, checkpointDir, endpoints, endpointTokens };
  return { runtime, device, threads, batchSize, modelCapacity, ...places };
}

/** Lets the heap grow beyond the limit of all memory, so that it is this one that a process meets, with a sentence. */
function heapOptions(limits: ComputeLimits | undefined): readonly string[] {
  return limits === undefined ? [] : [`--max-old-space-size=${Math.ceil((2 * limits.memory) / 2 ** 20)}`];
}
