import { foldBatchNormalization } from '../transforms/fold-batch-normalization.js';
import type { Graph } from '../graph.js';
import { ModelError } from '../graph.js';
import { float32 } from '../tensor.js';
import { weightsOf } from './plan.js';
import { withFloatWeights } from './recover.js';
import { scaleIndex, weightScale } from './weights.js';

/**
 * The model with the weights of its convolutions and matrices on a coarser grid, each rounded up or down by chance, so
 * that what it becomes on average is what it was (stochastic rounding: Gupta et al. 2015, arXiv 1502.02551). Weights
 * are floats after that, and activations are rounded as they were.
 * @param bits of a weight, 2 to 8
 * @param uniform draws from [0, 1)
 * @throws {ModelError} when it has no weights to round
 */
export function roundAtRandom(original: Graph, bits: number, uniform: () => number): Graph {
  const graph = foldBatchNormalization(withFloatWeights(original));
  const initializers = new Map(graph.initializers);
  let isRounded = false;
  for (const node of graph.nodes) {
    const [, name = ''] = node.inputs;
    const found = weightsOf(node, graph);
    if (found === undefined || initializers.get(name) !== found.weight) continue;
    const { weight, axis } = found;
    const options = { granularity: 'channel', scheme: 'symmetric', ranges: 'min-max' } as const;
    const scale = weightScale(weight, { axis, bits, ...options });
    const at = scaleIndex(weight.shape, scale);
    const rounded = weight.data.map((w, i) => {
      const step = scale.scales[at(i)] ?? 1;
      return Math.min(scale.high, Math.max(scale.low, Math.floor(w / step + uniform()))) * step;
    });
    initializers.set(name, float32(weight.shape, rounded));
    isRounded = true;
  }
  if (isRounded) return { ...graph, initializers };
  throw new ModelError(`model "${original.name}" has no Conv, Gemm or MatMul with weights to round`);
}
