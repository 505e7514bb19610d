import type { Tensors } from '@unpair/graph';
import { argmax } from '@unpair/classifiers';
import { packTensors } from '../parameters.js';
import type { TrainingStep } from '../step-graph.js';

/** Where the parts of a shard's record begin; it ends after `length` numbers. */
export interface RecordLayout {
  readonly statistics: number;
  readonly loss: number;
  readonly correct: number;
  readonly length: number;
}

/** A record holds gradients of the summed loss, batch statistics, the summed loss and the number of correct answers. */
export function recordLayout({
  weights,
  statistics,
}: Pick<TrainingStep, 'weights' | 'statistics'>): RecordLayout {
  const sizeOfAll = (ranges: TrainingStep['weights']): number =>
    ranges.reduce((total, { length }) => total + length, 0);
  const first = sizeOfAll(weights);
  const loss = first + sizeOfAll(statistics);
  return { statistics: first, loss, correct: loss + 1, length: loss + 2 };
}

/** What the rows of a step show, where that is not each image of the shard once, as it is. */
export interface ShownRows {
  /** Which image of the shard each row shows. */
  readonly images: readonly number[];
  /** The first of the rows that are shown as they are; the others come before them. */
  readonly firstClean: number;
}

/**
 * Writes what the step graph gave for one shard. Where rows are not its images, loss and correct answers are scaled to
 * their number; answers are counted on clean rows alone, if there are any.
 * @param labels of the rows
 * @param images number of images in the shard
 */
export function writeRecord(
  step: TrainingStep,
  results: Tensors,
  labels: readonly number[],
  record: Float32Array,
  { images = labels.length, firstClean = 0 } = {},
): void {
  const layout = recordLayout(step);
  packTensors(step.weights, renamed(results, step.gradients, step.weights), record);
  packTensors(
    step.statistics,
    renamed(results, step.batchStatistics, step.statistics),
    record.subarray(layout.statistics),
  );
  const loss = floats(results, step.loss).reduce((sum, value) => sum + value, 0);
  record[layout.loss] = loss * (images / labels.length);
  const first = firstClean < labels.length ? firstClean : 0;
  const correct = countCorrect(floats(results, step.logits), labels, first);
  record[layout.correct] = correct * (images / (labels.length - first));
}

function renamed(
  results: Tensors,
  outputs: readonly string[],
  names: readonly { readonly name: string }[],
): Tensors {
  return Object.fromEntries(
    names.flatMap(({ name }, index) => {
      const tensor = results[outputs[index] ?? ''];
      return tensor === undefined ? [] : [[name, tensor]];
    }),
  );
}

function floats(results: Tensors, name: string): Float32Array {
  const tensor = results[name];
  if (tensor?.dataType !== 'float32') throw new TypeError(`the training step must give float32 "${name}"`);
  return tensor.data;
}

/** Rows from `first` on whose largest logit is their label's; none of a network that has left the numbers. */
function countCorrect(logits: Float32Array, labels: readonly number[], first: number): number {
  const classes = logits.length / labels.length;
  return labels.filter((label, row) => {
    if (row < first) return false;
    const scores = logits.subarray(row * classes, (row + 1) * classes);
    return scores.every(Number.isFinite) && argmax(scores) === label;
  }).length;
}
