import type { Graph, Tensor } from '@unpair/graph';
import { float32 } from '@unpair/graph';
import { UnpairError } from '@unpair/errors';
import type { TrainingState } from './state.js';

/** What was measured of a model, by name. */
export type Measures = Readonly<Record<string, number>>;

/** How a run looks at what it has made so far, and which of its states is its outcome. */
export interface Evaluation {
  /** Measures a model: that of the start once, and what each epoch leaves. A function of the model alone. */
  measure(model: Graph): Promise<Measures>;
  /** Whether what an epoch left is a better outcome than the best so far. */
  isBetter(candidate: Measures, best: Measures, start: Measures): boolean;
  /** What the last report says of the outcome beside its step. */
  describe(best: Measures, start: Measures): Measures;
  /** The accuracy among measures, by which the outcome is judged to be a classifier; without it, batches are. */
  accuracyOf?(measures: Measures): number;
  /** Epochs in a row that may bring nothing better before training stops; 0: it never stops early. */
  readonly patience: number;
}

type Weights = Pick<TrainingState, 'weights' | 'statistics'>;

/** A state that may be the outcome. */
interface Candidate extends Weights {
  readonly step: number;
  readonly measures: Measures;
}

/** Names of a selection's parts in a checkpoint. */
const [RECORD, WEIGHTS, STATISTICS] = ['selection', 'selected weights', 'selected statistics'];

/** The evaluations of one run, and the best of its states; all of it goes into checkpoints. */
export class Selection {
  readonly #evaluation: Evaluation;
  #start: Measures | undefined;
  #best: Candidate | undefined;
  #sinceBest = 0;

  constructor(evaluation: Evaluation) {
    this.#evaluation = evaluation;
  }

  /** Whether so many evaluations in a row brought nothing better that training is to stop. */
  get isExhausted(): boolean {
    const { patience } = this.#evaluation;
    return patience > 0 && this.#sinceBest >= patience;
  }

  /** The best state so far; undefined before the first epoch has ended. */
  get outcome(): Weights | undefined {
    return this.#best;
  }

  /** Accuracy of the best state so far, where the evaluation measures one. */
  get accuracy(): number | undefined {
    return this.#best && this.#evaluation.accuracyOf?.(this.#best.measures);
  }

  /** Measures the model before the first step; undefined where a checkpoint says what that gave. */
  async begin(model: Graph): Promise<Measures | undefined> {
    if (this.#start !== undefined) return undefined;
    this.#start = await this.#evaluation.measure(model);
    return this.#start;
  }

  /** Measures what an epoch left, and keeps it where it is the best so far. */
  async consider(step: number, model: Graph, { weights, statistics }: Weights): Promise<Measures> {
    const measures = await this.#evaluation.measure(model);
    const best = this.#best;
    if (best === undefined || this.#evaluation.isBetter(measures, best.measures, this.#start ?? {})) {
      this.#best = { step, measures, weights: weights.slice(), statistics: statistics.slice() };
      this.#sinceBest = 0;
    } else this.#sinceBest += 1;
    return measures;
  }

  /** What the last report says of the outcome. */
  describe(): Measures {
    if (this.#best === undefined) return {};
    const { step, measures } = this.#best;
    return { keptStep: step, ...this.#evaluation.describe(measures, this.#start ?? {}) };
  }

  /** As initializers of a checkpoint. */
  encode(): ReadonlyMap<string, Tensor> {
    const best = this.#best;
    const record = {
      start: this.#start,
      sinceBest: this.#sinceBest,
      best: best && { step: best.step, measures: best.measures },
    };
    const data = new TextEncoder().encode(JSON.stringify(record));
    return new Map<string, Tensor>([
      [RECORD, { dataType: 'uint8', shape: [data.length], data }],
      ...(best === undefined
        ? []
        : ([
            [WEIGHTS, float32([best.weights.length], best.weights)],
            [STATISTICS, float32([best.statistics.length], best.statistics)],
          ] as const)),
    ]);
  }

  /** @throws {UnpairError} DATA_LOSS when the checkpoint has no selection that fits. */
  restore(initializers: ReadonlyMap<string, Tensor>): void {
    const [record, weights, statistics] = [RECORD, WEIGHTS, STATISTICS].map((name) => initializers.get(name));
    if (record?.dataType !== 'uint8') throw damaged();
    const { start, sinceBest, best } = JSON.parse(new TextDecoder().decode(record.data)) as SelectionRecord;
    this.#start = start;
    this.#sinceBest = sinceBest;
    if (best === undefined) return;
    if (weights?.dataType !== 'float32' || statistics?.dataType !== 'float32') throw damaged();
    this.#best = { ...best, weights: weights.data, statistics: statistics.data };
  }
}

/** A selection's numbers in a checkpoint, as JSON. */
interface SelectionRecord {
  readonly start?: Measures;
  readonly sinceBest: number;
  readonly best?: Pick<Candidate, 'step' | 'measures'>;
}

function damaged(): UnpairError {
  return new UnpairError('DATA_LOSS', 'the checkpoint is damaged; remove it to start afresh');
}
