import type { Tensors } from '@unpair/graph';
import { argmax } from '../logits.js';
import { packTensors } from './parameters.js';
import type { TrainingStep } from './step-graph.js';

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

/** Writes what the step graph gave for one shard. */
export function writeRecord(
  step: TrainingStep,
  results: Tensors,
  labels: readonly number[],
  record: Float32Array,
): void {
  const layout = recordLayout(step);
  packTensors(step.weights, renamed(results, step.gradients, step.weights), record);
  packTensors(
    step.statistics,
    renamed(results, step.batchStatistics, step.statistics),
    record.subarray(layout.statistics),
  );
  record[layout.loss] = floats(results, step.loss).reduce((sum, loss) => sum + loss, 0);
  record[layout.correct] = countCorrect(floats(results, step.logits), labels);
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

/** Samples whose largest logit is their label's; none of a network that has left the numbers. */
function countCorrect(logits: Float32Array, labels: readonly number[]): number {
  const classes = logits.length / labels.length;
  return labels.filter((label, row) => {
    const scores = logits.subarray(row * classes, (row + 1) * classes);
    return scores.every(Number.isFinite) && argmax(scores) === label;
  }).length;
}
