import type { DifferentiableClassifier, Objective, ObjectiveGradients } from './classifier.js';
import { meanOf, sumOf } from './several-models.js';

/**
 * What of several models is averaged: the losses of each; their logits; or their probabilities (Dong et al. 2018, arXiv
 * 1710.06081, compare the three).
 */
export const FUSIONS = ['losses', 'logits', 'probabilities'] as const;

export type Fusion = (typeof FUSIONS)[number];

/**
 * Models as surrogates that an attack takes: by losses they stay apart, as attacks fuse those themselves; otherwise they
 * are one, whose gradients take a forward pass and a gradient of each model.
 */
export function fuse(
  models: readonly DifferentiableClassifier[],
  fusion: Fusion,
): readonly DifferentiableClassifier[] {
  const [first] = models;
  if (fusion === 'losses' || first === undefined || models.length === 1) return models;
  const logitsOf = async (inputs: Float32Array, count: number): Promise<readonly Float32Array[]> => {
    const each: Float32Array[] = [];
    for (const model of models) each.push(await model.logits(inputs, count));
    return each;
  };
  const { shape, classes } = first;
  const fused: DifferentiableClassifier = {
    ...{ shape, classes },
    remarks: models.flatMap(({ remarks = [] }) => remarks),
    logits: async (inputs, count) => FUSED[fusion].logits(await logitsOf(inputs, count), classes),
    gradients: async (inputs, objective, count) => {
      if (objective.kind === 'decayed-features') return meanOfLosses(models, { inputs, objective, count });
      const each = await logitsOf(inputs, count);
      const logits = FUSED[fusion].logits(each, classes);
      const slope = slopeOf(objective, logits, classes);
      const answers: ObjectiveGradients[] = [];
      for (const [at, model] of models.entries()) {
        const weights = FUSED[fusion].weights(slope.weights, { own: each[at] ?? logits, logits, classes });
        answers.push(await model.gradients(inputs, { kind: 'combination', weights }, count));
      }
      const gradients = meanOf(answers.map((answer) => answer.gradients));
      return {
        values: slope.values,
        gradients,
        logits,
        invalid: sumOf(answers.map(({ invalid }) => invalid)),
      };
    },
    // The models are others' to close.
    close: () => Promise.resolve(),
  };
  return [fused];
}

interface Differentiated {
  readonly inputs: Float32Array;
  readonly objective: Objective;
  readonly count: number;
}

/** Models whose insides are changed one by one have their losses averaged, however they are fused otherwise. */
async function meanOfLosses(
  models: readonly DifferentiableClassifier[],
  { inputs, objective, count }: Differentiated,
): Promise<ObjectiveGradients> {
  const answers: ObjectiveGradients[] = [];
  for (const model of models) answers.push(await model.gradients(inputs, objective, count));
  return {
    values: meanOf(answers.map(({ values }) => values)),
    gradients: meanOf(answers.map(({ gradients }) => gradients)),
    logits: meanOf(answers.map(({ logits }) => logits)),
    invalid: sumOf(answers.map(({ invalid }) => invalid)),
  };
}

/** A model among those that are fused, at the same inputs. */
interface Member {
  /** Its logits. */
  readonly own: Float32Array;
  /** Those of all, fused. */
  readonly logits: Float32Array;
  readonly classes: number;
}

interface Fused {
  /** The logits of all. */
  logits(each: readonly Float32Array[], classes: number): Float32Array;
  /** Weights of a member's logits, times the number of members, from those of the fused ones. */
  weights(slope: Float32Array, member: Member): Float32Array;
}

/** Logits of probabilities are their logarithms: log of the mean of softmax. */
const FUSED: Readonly<Record<Exclude<Fusion, 'losses'>, Fused>> = {
  logits: { logits: (each) => meanOf(each), weights: (slope) => slope },
  probabilities: {
    logits: (each, classes) =>
      meanOf(each.map((logits) => softmax(logits, classes))).map((p) => Math.log(Math.max(p, LEAST))),
    weights: (slope, { own, logits, classes }) => {
      const shares = softmax(own, classes).map((p, i) => ((slope[i] ?? 0) * p) / Math.exp(logits[i] ?? 0));
      const weights = shares.slice();
      const probabilities = softmax(own, classes);
      eachRow(shares, classes, (row, at) => {
        const total = row.reduce((sum, share) => sum + share, 0);
        for (let k = 0; k < classes; k++)
          weights[at + k] = (row[k] ?? 0) - total * (probabilities[at + k] ?? 0);
      });
      return weights;
    },
  },
};

/** The smallest float32: what a probability of 0 is taken for, whose logarithm is none. */
const LEAST = 2 ** -126;

/** An objective at each row of logits, and its derivative by them. */
function slopeOf(
  objective: Exclude<Objective, { readonly kind: 'decayed-features' }>,
  logits: Float32Array,
  classes: number,
): { readonly values: Float32Array; readonly weights: Float32Array } {
  const values = new Float32Array(logits.length / classes);
  if (objective.kind === 'combination') {
    eachRow(logits, classes, (row, at) => {
      values[at / classes] = row.reduce((sum, z, k) => sum + z * (objective.weights[at + k] ?? 0), 0);
    });
    return { values, weights: objective.weights };
  }
  const weights = softmax(logits, classes);
  eachRow(logits, classes, (row, at) => {
    const label = objective.labels[at / classes] ?? 0;
    const largest = row.reduce((most, z) => Math.max(most, z), -Infinity);
    const total = row.reduce((sum, z) => sum + Math.exp(z - largest), 0);
    values[at / classes] = largest + Math.log(total) - (row[label] ?? 0);
    weights[at + label] = (weights[at + label] ?? 0) - 1;
  });
  return { values, weights };
}

function softmax(logits: Float32Array, classes: number): Float32Array {
  const probabilities = new Float32Array(logits.length);
  eachRow(logits, classes, (row, at) => {
    const largest = row.reduce((most, z) => Math.max(most, z), -Infinity);
    const total = row.reduce((sum, z) => sum + Math.exp(z - largest), 0);
    row.forEach((z, k) => {
      probabilities[at + k] = Math.exp(z - largest) / total;
    });
  });
  return probabilities;
}

function eachRow(rows: Float32Array, width: number, see: (row: Float32Array, at: number) => void): void {
  for (let at = 0; at < rows.length; at += width) see(rows.subarray(at, at + width), at);
}
