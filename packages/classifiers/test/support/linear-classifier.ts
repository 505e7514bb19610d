import type { DifferentiableClassifier, Objective, ObjectiveGradients, Sample } from '@unpair/classifiers';
import { argmax, crossEntropy } from '@unpair/classifiers';
import { createRandom } from '@unpair/numerics';

/** A batch that a model evaluated. */
export interface Batch {
  readonly kind: 'logits' | 'gradients';
  readonly count: number;
}

/** logits = W·x, in double precision: every figure about it can be worked out by hand. Keeps a record of its batches. */
export class LinearClassifier implements DifferentiableClassifier {
  readonly shape: readonly [number, number, number];
  readonly classes: number;
  /** [classes, n] */
  readonly weights: Float32Array;
  readonly batches: Batch[] = [];

  constructor(shape: readonly [number, number, number], classes: number, weights: Float32Array) {
    this.shape = shape;
    this.classes = classes;
    this.weights = weights;
  }

  logits(inputs: Float32Array, count: number): Promise<Float32Array> {
    this.batches.push({ kind: 'logits', count });
    return Promise.resolve(this.#logits(inputs, count));
  }

  gradients(inputs: Float32Array, objective: Objective, count: number): Promise<ObjectiveGradients> {
    this.batches.push({ kind: 'gradients', count });
    const size = inputs.length / count;
    // A linear model has its middle at its input.
    const mixed = (value: number, at: number): number => {
      if (objective.kind !== 'decayed-features') return value;
      const reference = objective.references[at] ?? 0;
      return reference + (objective.shares[Math.floor(at / size)] ?? 1) * (value - reference);
    };
    const logits = this.#logits(inputs.map(mixed), count);
    const gradients = new Float32Array(inputs.length);
    const values = new Float32Array(count);
    for (let row = 0; row < count; row++) {
      const own = logits.subarray(row * this.classes, (row + 1) * this.classes);
      const { value, slopes } = this.#objective(objective, row, own);
      values[row] = value;
      slopes.forEach((slope, k) => {
        for (let i = 0; i < size; i++) {
          const at = row * size + i;
          gradients[at] = (gradients[at] ?? 0) + slope * (this.weights[k * size + i] ?? 0);
        }
      });
    }
    return Promise.resolve({ values, gradients, invalid: new Int32Array(count), logits });
  }

  /** An objective at the logits of one row, and its derivative by each of them. */
  #objective(
    objective: Objective,
    row: number,
    logits: Float32Array,
  ): { readonly value: number; readonly slopes: readonly number[] } {
    if (objective.kind === 'combination') {
      const slopes = [...objective.weights.subarray(row * this.classes, (row + 1) * this.classes)];
      return { value: slopes.reduce((sum, weight, k) => sum + weight * (logits[k] ?? 0), 0), slopes };
    }
    const label = objective.labels[row] ?? 0;
    const largest = logits[argmax(logits)] ?? 0;
    const odds = Array.from(logits, (logit) => Math.exp(logit - largest));
    const total = odds.reduce((sum, value) => sum + value, 0);
    const slopes = odds.map((value, k) => value / total - (k === label ? 1 : 0));
    return { value: crossEntropy(logits, label), slopes };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #logits(inputs: Float32Array, count: number): Float32Array {
    const size = inputs.length / count;
    return Float32Array.from({ length: count * this.classes }, (_, index) => {
      const [row, k] = [Math.floor(index / this.classes), index % this.classes];
      let sum = 0;
      for (let i = 0; i < size; i++) sum += (inputs[row * size + i] ?? 0) * (this.weights[k * size + i] ?? 0);
      return sum;
    });
  }
}

/** A linear model with normal weights of scale 1/√n. */
export function randomModel(
  name: string,
  shape: readonly [number, number, number] = [3, 6, 6],
  classes = 5,
): LinearClassifier {
  const size = shape[0] * shape[1] * shape[2];
  const weights = new Float32Array(classes * size);
  createRandom({ seed: 1, cell: `model/${name}`, sample: 0 }).fillNormal(weights);
  return new LinearClassifier(
    shape,
    classes,
    weights.map((weight) => (weight * 4) / Math.sqrt(size)),
  );
}

/** A model whose weights are those of `model` and as much noise: input gradients at a cosine of about 0.7. */
export function siblingOf(model: LinearClassifier): LinearClassifier {
  const { weights } = randomModel('noise', model.shape, model.classes);
  return new LinearClassifier(
    model.shape,
    model.classes,
    weights.map((noise, at) => noise + (model.weights[at] ?? 0)),
  );
}

/** Uniform inputs, labelled by `model` but for every seventh, which it gets wrong. */
export async function labelledSamples(model: LinearClassifier, count: number): Promise<readonly Sample[]> {
  const size = model.shape[0] * model.shape[1] * model.shape[2];
  const samples: Sample[] = [];
  for (let index = 0; index < count; index++) {
    const random = createRandom({ seed: 1, cell: 'samples', sample: index });
    const input = Float32Array.from({ length: size }, () => random.uniform());
    const right = argmax(await model.logits(input, 1));
    samples.push({ index, input, label: index % 7 === 6 ? (right + 1) % model.classes : right });
  }
  model.batches.length = 0;
  return samples;
}
