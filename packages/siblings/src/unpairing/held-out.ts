import type { Graph, Runtime } from '@unpair/graph';
import type { DifferentiableClassifier, ObjectiveGradients } from '@unpair/classifiers';
import { createDifferentiableClassifier } from '@unpair/classifiers';
import { argmax } from '@unpair/classifiers';
import { UnpairError } from '@unpair/errors';
import type { Threat } from '@unpair/numerics';
import type { TrainingSamples } from '@unpair/training';
import { firstImages, sampleCount } from '@unpair/training';
import type { Evaluation, Measures } from '@unpair/training';
import { PGD_DEFAULTS } from '@unpair/attacks';
import { cosine } from '@unpair/numerics';
import { foolingPoints, lossGradientsOf } from './points.js';

/** Samples of one run. */
const BATCH = 64;
/** Share of samples without a gradient from which on transfer along gradients tests nothing. */
const MOST_VANISHED = 0.1;
/** Samples that are attacked: of those that the target classifies correctly, the first. */
const ATTACKED = 256;

/** Which of the states of a run is its outcome. */
export interface SelectionRule {
  /**
   * Accuracy on held-out samples that may be lost against the model before unpairing. Of states that lose no more, that
   * with the least transfer is kept, but one whose gradients vanish, so that transfer through it tests nothing, only where
   * all others' do as well; where none does, the most accurate. 1: the last state, whatever its accuracy.
   */
  readonly maxAccuracyDrop: number;
  /** Epochs in a row that may bring nothing better before training stops; 0: never. */
  readonly patience: number;
}

/** Whether a state is a better outcome than the best before it. */
export function isBetter(rule: SelectionRule, candidate: Measures, best: Measures, start: Measures): boolean {
  if (rule.maxAccuracyDrop >= 1) return true;
  const [own, other] = [candidate, best].map((measures) => isAllowed(rule, measures, start));
  if (own !== other) return own === true;
  const [isTested, wasTested] = [candidate, best].map(
    (measures) => numberIn(measures, 'vanished') < MOST_VANISHED,
  );
  if (own === true && isTested !== wasTested) return isTested === true;
  const gained = numberIn(candidate, 'heldOutAccuracy') - numberIn(best, 'heldOutAccuracy');
  const saved = numberIn(best, 'transfer') - numberIn(candidate, 'transfer');
  return own === true && saved !== 0 ? saved > 0 : gained > 0;
}

/**
 * What the last report says of the state that is kept; `keptWithinDrop` is 0 where no state was accurate enough, and
 * `keptVanished` is the share of samples on which its gradients vanish.
 */
export function describeKept(rule: SelectionRule, best: Measures, start: Measures): Measures {
  return {
    keptHeldOutAccuracy: numberIn(best, 'heldOutAccuracy'),
    keptTransfer: numberIn(best, 'transfer'),
    keptVanished: numberIn(best, 'vanished'),
    keptWithinDrop: Number(isAllowed(rule, best, start)),
  };
}

function isAllowed({ maxAccuracyDrop }: SelectionRule, measures: Measures, start: Measures): boolean {
  const lost = numberIn(start, 'heldOutAccuracy') - numberIn(measures, 'heldOutAccuracy');
  return lost <= maxAccuracyDrop + 1e-9;
}

export interface HeldOutOptions extends SelectionRule {
  readonly target: Graph;
  readonly runtime: Runtime;
  readonly threads?: number | undefined;
  /** Samples that are not trained on. */
  readonly samples: TrainingSamples;
  readonly threat: Threat;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

/** Takes the last `count` samples apart: at most a fifth of them, and so that a batch is left. */
export function splitHeldOut(
  samples: TrainingSamples,
  count: number,
  batch: number,
): { readonly training: TrainingSamples; readonly heldOut: TrainingSamples } {
  const all = sampleCount(samples);
  const first = all - Math.max(0, Math.min(count, Math.floor(all / 5), all - batch));
  const size = samples.shape.reduce((product, dim) => product * dim, 1);
  const part = (from: number, to: number): TrainingSamples => ({
    ...samples,
    images: samples.images.subarray(from * size, to * size),
    labels: samples.labels.subarray(from, to),
  });
  return { training: part(0, first), heldOut: part(first, all) };
}

/**
 * Measures a model on samples that it is not trained on: `heldOutAccuracy`; `cosine`, the mean absolute cosine of its
 * input gradients and the target's; `transfer`, how often examples of projected gradient descent on it fool the target,
 * of those that the target classifies correctly; `vanished`, the share of samples at which its own gradient is 0.
 */
export class HeldOutEvaluation implements Evaluation {
  readonly patience: number;
  readonly #options: HeldOutOptions;
  readonly #target: DifferentiableClassifier;

  private constructor(options: HeldOutOptions, target: DifferentiableClassifier) {
    this.patience = options.patience;
    this.#options = options;
    this.#target = target;
  }

  static async open(options: HeldOutOptions): Promise<HeldOutEvaluation> {
    return new HeldOutEvaluation(options, await load(options.target, options));
  }

  async measure(model: Graph): Promise<Measures> {
    const sibling = await load(model, this.#options);
    const { samples, signal } = this.#options;
    const sums = { correct: 0, cosine: 0, vanished: 0, attacked: 0, fooled: 0 };
    try {
      for (let first = 0; first < sampleCount(samples); first += BATCH) {
        signal?.throwIfAborted();
        const batch = batchOf(samples, first);
        const objective = { kind: 'cross-entropy', labels: batch.labels } as const;
        const own = await sibling.gradients(batch.images, objective, batch.labels.length);
        if (!own.logits.every(Number.isFinite)) throw notFinite();
        const theirs = await this.#target.gradients(batch.images, objective, batch.labels.length);
        sums.correct += rightRows(own.logits, batch.labels).length;
        sums.cosine += absoluteCosines(own, theirs, batch.labels.length);
        sums.vanished += vanishedRows(own, batch.labels.length);
        const right = rightRows(theirs.logits, batch.labels).slice(0, ATTACKED - sums.attacked);
        sums.attacked += right.length;
        if (right.length > 0) sums.fooled += await this.#fooled(sibling, pick(batch, right));
      }
    } finally {
      await sibling.close();
    }
    const count = Math.max(1, sampleCount(samples));
    return {
      heldOutAccuracy: sums.correct / count,
      cosine: sums.cosine / count,
      transfer: sums.fooled / Math.max(1, sums.attacked),
      vanished: sums.vanished / count,
    };
  }

  isBetter(candidate: Measures, best: Measures, start: Measures): boolean {
    return isBetter(this.#options, candidate, best, start);
  }

  describe(best: Measures, start: Measures): Measures {
    return describeKept(this.#options, best, start);
  }

  accuracyOf(measures: Measures): number {
    return numberIn(measures, 'heldOutAccuracy');
  }

  close(): Promise<void> {
    return this.#target.close();
  }

  async #fooled(sibling: DifferentiableClassifier, batch: Batch): Promise<number> {
    const { threat, seed } = this.#options;
    const ascent = { threat, steps: PGD_DEFAULTS.steps, stepSize: PGD_DEFAULTS.stepSize(threat) };
    // Epochs of training count from 0: these draws are nobody else's, and the same at every evaluation.
    const moved = await foolingPoints(batch, lossGradientsOf(sibling), ascent, { seed, epoch: -1 });
    const logits = await this.#target.logits(moved, batch.labels.length);
    return batch.labels.length - rightRows(logits, batch.labels).length;
  }
}

interface Batch {
  readonly images: Float32Array;
  readonly labels: Int32Array;
  /** Positions among the held-out samples. */
  readonly indices: readonly number[];
}

function load(
  graph: Graph,
  { runtime, threads, samples }: HeldOutOptions,
): Promise<DifferentiableClassifier> {
  const loading = { graph, runtime, images: samples.shape };
  return createDifferentiableClassifier(threads === undefined ? loading : { ...loading, threads });
}

function batchOf(samples: TrainingSamples, first: number): Batch {
  const labels = samples.labels.subarray(first, first + BATCH);
  const size = samples.shape.reduce((product, dim) => product * dim, 1);
  const images = firstImages({ ...samples, images: samples.images.subarray(first * size) }, labels.length);
  return { images, labels, indices: Array.from(labels, (_, row) => first + row) };
}

function pick({ images, labels, indices }: Batch, rows: readonly number[]): Batch {
  const size = images.length / labels.length;
  const chosen = new Float32Array(rows.length * size);
  rows.forEach((row, at) => {
    chosen.set(images.subarray(row * size, (row + 1) * size), at * size);
  });
  return {
    images: chosen,
    labels: Int32Array.from(rows, (row) => labels[row] ?? 0),
    indices: rows.map((row) => indices[row] ?? 0),
  };
}

/** Rows whose largest logit is their label's. */
function rightRows(logits: Float32Array, labels: Int32Array): readonly number[] {
  const classes = logits.length / labels.length;
  return Array.from(labels.keys()).filter((row) => argmax(logits, row * classes, classes) === labels[row]);
}

function absoluteCosines(own: ObjectiveGradients, theirs: ObjectiveGradients, count: number): number {
  const size = own.gradients.length / count;
  return Array.from({ length: count }, (_, row) => {
    const [a, b] = [own, theirs].map(({ gradients }) => gradients.subarray(row * size, (row + 1) * size));
    return a === undefined || b === undefined ? 0 : Math.abs(cosine(a, b));
  }).reduce((sum, value) => sum + value, 0);
}

/** Rows whose gradient is 0 everywhere. */
function vanishedRows({ gradients }: ObjectiveGradients, count: number): number {
  const size = gradients.length / count;
  const isZero = (row: number): boolean =>
    gradients.subarray(row * size, (row + 1) * size).every((value) => value === 0);
  return Array.from({ length: count }, (_, row) => row).filter(isZero).length;
}

function numberIn(measures: Measures, name: string): number {
  return measures[name] ?? 0;
}

function notFinite(): UnpairError {
  return new UnpairError(
    'FAILED_PRECONDITION',
    'training collapsed: the model answers held-out samples with NaN or infinity; try a lower rate',
  );
}
