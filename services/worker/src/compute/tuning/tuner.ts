import { activationBytes, type Graph, type Runtime } from '@unpair/graph';
import { RowLimit, TunedRunSize, type RunSize, type RunSizes } from '@unpair/classifiers';
import type { GraphKind } from '../messages.js';
import { TuningFile } from './tuning-file.js';

export interface TunerOptions {
  readonly runtime: Runtime;
  readonly threads: number;
  /** Samples that tasks offer a model at a time; no run is larger. */
  readonly batchSize: number;
  /** Whether the batch size was asked for, so that there is nothing to find out. */
  readonly fixed: boolean;
  /** Folder of what was learnt. */
  readonly folder: string;
  /** Bytes that one model's run may take. */
  readonly memory: number;
  /** Called when a run did not fit in memory. */
  readonly onOutOfMemory?: (graph: GraphKind, digest: string, rows: number) => void;
}

/** Gives the graphs of every model their run sizes: tuned on this device and remembered, unless a batch size was asked for. */
export class Tuner {
  readonly #options: TunerOptions;

  constructor(options: TunerOptions) {
    this.#options = options;
  }

  /** Run sizes of a model's two graphs, from what earlier processes learnt. */
  async runSizes(digest: string, graph: Graph): Promise<RunSizes> {
    const limit = this.#limit(graph);
    const [logits, gradient] = await Promise.all([
      this.#runSize(digest, 'logits', limit),
      this.#runSize(digest, 'gradient', limit),
    ]);
    return { logits, gradient };
  }

  async #runSize(digest: string, graph: GraphKind, limit: number): Promise<RunSize> {
    const { runtime, threads, fixed, batchSize, folder } = this.#options;
    const onOutOfMemory = (rows: number): void => this.#options.onOutOfMemory?.(graph, digest, rows);
    if (fixed) return watched(new RowLimit(batchSize), onOutOfMemory);
    const file = new TuningFile(folder, { digest, graph, runtime, threads });
    const onLearnt = file.write.bind(file);
    return new TunedRunSize({ limit, known: await file.read(), onLearnt, onOutOfMemory });
  }

  /** Rows whose values all fit in the memory that there is. */
  #limit(graph: Graph): number {
    const { batchSize, memory } = this.#options;
    const bytes = activationBytes(graph);
    return bytes === null ? batchSize : Math.max(1, Math.min(batchSize, Math.floor(memory / bytes)));
  }
}

function watched(size: RunSize, onOutOfMemory: (rows: number) => void): RunSize {
  return {
    next: (waiting) => size.next(waiting),
    outOfMemory: (rows) => {
      size.outOfMemory(rows);
      onOutOfMemory(rows);
    },
  };
}
