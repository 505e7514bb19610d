import type { WeightConstraint } from '../training/fine-tune.js';
import type { TensorRange } from '../training/parameters.js';

/** Over which weights the smallest are sought: all of them together, or each layer's own. */
export type PruningScope = 'global' | 'layer';

export interface MagnitudePruning {
  /** Share of the matrices' and filters' weights that ends as zero. */
  readonly sparsity: number;
  readonly scope: PruningScope;
  /** Steps of training in all; 0 for pruning alone. */
  readonly steps: number;
}

/** Part of training over which sparsity rises; in the rest the weights that are left settle. */
const RAMP = 0.6;
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
  const parts = scope === 'global' ? [prunable] : prunable.map((range) => [range]);
  for (const part of parts) {
    const indices = part.flatMap(({ first, length }) => Array.from({ length }, (_, i) => first + i));
    const magnitude = (index: number): number => Math.abs(weights[index] ?? 0);
    indices.sort((a, b) => magnitude(a) - magnitude(b) || a - b);
    for (const index of indices.slice(0, Math.round(sparsity * indices.length))) weights[index] = 0;
  }
}
