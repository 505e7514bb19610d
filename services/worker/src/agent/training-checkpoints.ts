import { UnpairError } from '@unpair/errors';
import { systemCode, writeWhole } from '@unpair/files';
import type { CheckpointStore, Logger } from '@unpair/platform';
import type { Task } from '@unpair/protocol';
import { createReadStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { checkpointKey } from '../compute/checkpoint-of.js';
import { stepsIn } from '../compute/checkpoint-record.js';
import { CheckpointSupply } from './checkpoint-supply.js';
import type { WorkerMetrics } from './metrics.js';

export interface TrainingCheckpointsOptions {
  readonly store: CheckpointStore;
  /** Folder in which the compute process keeps the states of training. */
  readonly folder: string;
  /** What of this worker determines rows; known once the compute process runs. */
  readonly engine: () => string;
  /** Milliseconds between two uploads of one training's state. */
  readonly interval: number;
  readonly metrics: Pick<WorkerMetrics, 'checkpoints' | 'resumedSteps'>;
  readonly logger: Logger;
}

export interface TrainingSignals {
  readonly signal: AbortSignal;
  /** Aborts when nobody wants the result any more. */
  readonly abandoned: AbortSignal;
}

/** The training that a task asks for. */
interface Training {
  readonly key: string;
  readonly path: string;
  readonly about: { readonly campaign: string; readonly task: number };
}

/**
 * Moves the states of training between this machine's disk, where the compute process reads and writes them, and the store,
 * from which any worker of the same engine can go on. Nothing here fails a task: without a store it trains on.
 */
export class TrainingCheckpoints {
  readonly #options: TrainingCheckpointsOptions;

  constructor(options: TrainingCheckpointsOptions) {
    this.#options = options;
  }

  /** Has a task computed from the newest state on, and keeps the store supplied meanwhile. */
  async during<T>(task: Task, { signal, abandoned }: TrainingSignals, work: () => Promise<T>): Promise<T> {
    const training = this.#trainingOf(task);
    if (training === undefined) return work();
    await this.#bring(training, signal);
    await using supply = this.#supply(training);
    try {
      return await work();
    } catch (error) {
      // Where it comes to nothing for good, the compute process has left no state.
      if (!abandoned.aborted) await supply.last();
      throw error;
    }
  }

  /** The task has its result: nothing will go on from its state. */
  async forget(task: Task): Promise<void> {
    const training = this.#trainingOf(task);
    if (training === undefined) return;
    await this.#options.store.delete(training.key).catch((error: unknown) => {
      const { code, message: reason } = UnpairError.from(error);
      if (code === 'NOT_FOUND') return;
      this.#options.logger.warn(
        { ...training.about, reason },
        'a checkpoint stays in the store until it is too old',
      );
    });
  }

  #trainingOf({ campaignId: campaign, index, seed, work }: Task): Training | undefined {
    if (work?.$case !== 'derive') return undefined;
    const { folder, engine } = this.#options;
    const key = checkpointKey(work.value, seed, engine());
    return { key, path: join(folder, key), about: { campaign, task: index } };
  }

  #supply({ key, path, about }: Training): CheckpointSupply {
    const { store, interval, metrics, logger } = this.#options;
    const onStored = (): void => {
      metrics.checkpoints.inc();
    };
    const onFailed = ({ code, message: reason }: UnpairError): void => {
      logger.warn({ ...about, code, reason }, 'a checkpoint could not be stored; training goes on');
    };
    return new CheckpointSupply({ store, key, path, interval, onStored, onFailed });
  }

  /** Sees to it that the compute process finds the state that is further on: this disk's or the store's. */
  async #bring(training: Training, signal: AbortSignal): Promise<void> {
    const { metrics, logger } = this.#options;
    const here = (await this.#check(training.path, training)) ?? 0;
    const fetched = await this.#fetch(training, here, signal);
    const [steps, from] = fetched === undefined ? [here, 'disk'] : [fetched, 'store'];
    if (steps === 0) return;
    metrics.resumedSteps.inc({ from }, steps);
    logger.info({ ...training.about, steps, from }, 'training goes on from a checkpoint');
  }

  /** Fetches what is stored, where that is more than so many steps; its own steps then. */
  async #fetch(training: Training, here: number, signal: AbortSignal): Promise<number | undefined> {
    const { store, logger } = this.#options;
    const { key, path, about } = training;
    try {
      const stored = await store.find(key);
      if (stored === undefined || stored.steps <= here) return undefined;
      const incoming = `${path}.incoming`;
      await writeWhole(incoming, store.get(key, signal));
      const steps = await this.#check(incoming, training);
      if (steps === undefined) throw new UnpairError('DATA_LOSS', 'It was damaged when it was stored.');
      await rename(incoming, path);
      return steps;
    } catch (error) {
      signal.throwIfAborted();
      const { code, message: reason } = UnpairError.from(error);
      // Another worker has just come to the end.
      if (code === 'NOT_FOUND') return undefined;
      logger.warn({ ...about, code, reason }, 'no checkpoint could be had from the store');
      // It would keep all that is not as far out of the store.
      if (code === 'DATA_LOSS') await store.delete(key).catch(() => undefined);
      return undefined;
    }
  }

  /** Steps of a state on the disk; undefined without any. One that is damaged is set aside. */
  async #check(path: string, { about }: Training): Promise<number | undefined> {
    try {
      const steps = await stepsIn(createReadStream(path) as AsyncIterable<Uint8Array>);
      if (steps !== undefined) return steps;
      const aside = `${path}.damaged`;
      await rename(path, aside);
      this.#options.logger.warn({ ...about, aside }, 'a checkpoint is damaged, and was set aside');
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      const { message: reason } = UnpairError.from(error);
      this.#options.logger.warn({ ...about, path, reason }, 'a checkpoint cannot be read');
    }
    return undefined;
  }
}
