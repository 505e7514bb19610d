import type { Graph, Quantization } from '@unpair/graph';
import { applyQuantization, clampWeights, fakeQuantize } from '@unpair/graph';
import type { WeightConstraint } from '@unpair/training';
import type { TensorRange } from '@unpair/training';

/** A quantized model as training takes it: rounded activations, and weights that are seen rounded. */
export interface RoundedModel {
  readonly graph: Graph;
  readonly constraint: (weights: readonly TensorRange[]) => WeightConstraint;
}

/**
 * Trains the weights of a quantized model for its scales, which stay. Steps compute with rounded weights and activations,
 * and move the exact weights behind them, as if rounding had a derivative of 1 (Courbariaux et al. 2015, arXiv
 * 1511.00363).
 * @param train fine-tunes the model that it is given
 */
export async function trainThroughRounding(
  quantization: Quantization,
  train: (model: RoundedModel) => Promise<Graph>,
): Promise<Quantization> {
  const tuned = await train({
    graph: applyQuantization(quantization, { integerWeights: false }),
    constraint: (weights) => roundedWeights(weights, quantization),
  });
  const { graph } = quantization;
  const initializers = new Map(
    [...graph.initializers].map(([name, tensor]) => [name, tuned.initializers.get(name) ?? tensor]),
  );
  return { ...quantization, graph: { ...graph, initializers } };
}

function roundedWeights(
  weights: readonly TensorRange[],
  { weights: scales }: Quantization,
): WeightConstraint {
  const rounded = weights.flatMap((range) => {
    const scale = scales.get(range.name);
    return scale === undefined ? [] : [{ ...range, scale }];
  });
  return {
    project: (exact) => {
      for (const { first, length, shape, scale } of rounded) {
        clampWeights(exact.subarray(first, first + length), shape, scale);
      }
    },
    view: (exact, out) => {
      out.set(exact);
      for (const { first, length, shape, scale } of rounded) {
        const part = [exact, out].map((all) => all.subarray(first, first + length));
        const [from = exact, to = out] = part;
        fakeQuantize(from, shape, scale, to);
      }
    },
  };
}
