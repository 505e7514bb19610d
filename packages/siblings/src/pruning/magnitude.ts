import type { WeightConstraint } from '@unpair/training';
import type { TensorRange } from '@unpair/training';

/** Over which weights the smallest are sought, in the order of the documentation. */
export const PRUNING_SCOPES = ['lamp', 'global', 'layer'] as const;

/**
 * `global`: all of them together. `layer`: each layer's own. `lamp`: all together, each relative to those of its layer
 * that are as large or larger (Lee et al. 2021, arXiv 2010.07611), for layers may differ in scale.
 */
export type PruningScope = (typeof PRUNING_SCOPES)[number];

export interface MagnitudePruning {
  /** Share of the matrices' and filters' weights that ends as zero. */
  readonly sparsity: number;
  readonly scope: PruningScope;
  /** Steps of training in all; 0 for pruning alone. */
  readonly steps: number;
}

/** Part of training over which sparsity rises; in the rest the weights that are left settle. */
const RAMP = 0.3;
/** Times that weights are pruned on the way. */
const STAGES = 20;

/** Share of zeros after `step` steps (Zhu and Gupta 2017, arXiv 1710.01878): a cubic that levels off at the end. */
export function sparsityAt({ sparsity, steps }: Omit<MagnitudePruning, 'scope'>, step: number): number {
  const ramp = RAMP * steps;
  const left = ramp > 0 ? Math.max(0, 1 - step / ramp) : 0;
  return sparsity * (1 - left ** 3);
}

/**
 * Keeps the weights of least magnitude at exactly zero, more of them as training goes on. A weight that is zero stays
 * so; the weights themselves are all the memory there is, so that a run can go on from any state.
 */
export function magnitudePruning(
  ranges: readonly TensorRange[],
  pruning: MagnitudePruning,
): Required<Pick<WeightConstraint, 'begin' | 'project'>> {
  const prunable = ranges.filter(({ decays }) => decays);
  const every = Math.max(1, Math.floor((RAMP * pruning.steps) / STAGES));
  let zeros = new Uint8Array();
  const remember = (weights: Float32Array): void => {
    zeros = new Uint8Array(weights.length);
    for (const { first, length } of prunable) {
      for (let index = first; index < first + length; index++) zeros[index] = weights[index] === 0 ? 1 : 0;
    }
  };
  return {
    begin: (weights) => {
      if (pruning.steps === 0) pruneTo(weights, prunable, pruning);
      remember(weights);
    },
    project: (weights, step) => {
      zeros.forEach((isZero, index) => {
        if (isZero === 1) weights[index] = 0;
      });
      if (step % every !== 0 && step !== pruning.steps) return;
      pruneTo(weights, prunable, { ...pruning, sparsity: sparsityAt(pruning, step) });
      remember(weights);
    },
  };
}

function pruneTo(
  weights: Float32Array,
  prunable: readonly TensorRange[],
  { sparsity, scope }: Pick<MagnitudePruning, 'sparsity' | 'scope'>,
): void {
  const scores = new Float64Array(weights.length);
  for (const range of prunable) score(weights, range, scope, scores);
  const parts = scope === 'layer' ? prunable.map((range) => [range]) : [prunable];
  for (const part of parts) {
    const ascending = byScore(part, scores);
    for (const index of ascending.subarray(0, Math.round(sparsity * ascending.length))) weights[index] = 0;
  }
}

/** Writes how much each weight of a layer counts. */
function score(weights: Float32Array, range: TensorRange, scope: PruningScope, scores: Float64Array): void {
  for (let index = range.first; index < range.first + range.length; index++) {
    scores[index] = (weights[index] ?? 0) ** 2;
  }
  if (scope !== 'lamp') return;
  let rest = 0;
  for (const index of byScore([range], scores).reverse()) {
    const square = scores[index] ?? 0;
    rest += square;
    scores[index] = rest > 0 ? square / rest : 0;
  }
}

/** Positions in the flat array, least score first; of equal ones the first. */
function byScore(ranges: readonly TensorRange[], scores: Float64Array): Uint32Array {
  const indices = Uint32Array.from(
    ranges.flatMap(({ first, length }) => Array.from({ length }, (_, i) => first + i)),
  );
  return indices.sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0) || a - b);
}
