import { float } from '../graph.js';
import type { NodeView } from '../autodiff/node-view.js';
import type { Decompositions } from './composite.js';

/** √(2/π), as the tanh form of GELU has it. */
const TANH_FACTOR = Math.sqrt(2 / Math.PI);

/** Activations that are a few elementary functions. */
export const activationDecompositions: Decompositions = {
  Gelu: (c) => [c.string('approximate', 'none') === 'tanh' ? geluByTanh(c) : gelu(c)],
  Mish: ({ emit, x }) => [emit.mul(x, emit.op('Tanh', [emit.op('Softplus', [x])]))],
  Celu: (c) => {
    const alpha = c.float('alpha', 1);
    const unit = c.emit.op('Elu', [c.emit.scale(c.x, 1 / alpha)], { alpha: float(1) });
    return [c.emit.scale(unit, alpha)];
  },
  Selu: (c) => {
    const elu = c.emit.op('Elu', [c.x], { alpha: float(c.float('alpha', 1.6732631921768188)) });
    return [c.emit.scale(elu, c.float('gamma', 1.0507010221481323))];
  },
  ThresholdedRelu: (c) => {
    const above = c.emit.op('Greater', [c.x, c.emit.scalar(c.float('alpha', 1))]);
    return [c.emit.keepWhere(above, c.x)];
  },
  Softsign: ({ emit, x }) => [emit.div(x, emit.add(emit.op('Abs', [x]), emit.scalar(1)))],
  Shrink: (c) => [shrink(c)],
};

/** x·Φ(x) = x/2·(1 + erf(x/√2)) (Hendrycks and Gimpel, 1606.08415). */
function gelu({ emit, x }: NodeView): string {
  const erf = emit.op('Erf', [emit.scale(x, Math.SQRT1_2)]);
  return emit.mul(emit.scale(x, 0.5), emit.add(erf, emit.scalar(1)));
}

/** x/2·(1 + tanh(√(2/π)(x + 0.044715x³))). */
function geluByTanh({ emit, x }: NodeView): string {
  const cube = emit.mul(emit.mul(x, x), emit.scale(x, 0.044715));
  const tanh = emit.op('Tanh', [emit.scale(emit.add(x, cube), TANH_FACTOR)]);
  return emit.mul(emit.scale(x, 0.5), emit.add(tanh, emit.scalar(1)));
}

/** x + bias below −λ, x − bias above λ, 0 between. */
function shrink(c: NodeView): string {
  const { emit, x } = c;
  const [lambda, bias] = [c.float('lambd', 0.5), emit.scalar(c.float('bias', 0))];
  const low = emit.keepWhere(emit.op('Less', [x, emit.scalar(-lambda)]), emit.add(x, bias));
  const high = emit.keepWhere(emit.op('Greater', [x, emit.scalar(lambda)]), emit.sub(x, bias));
  return emit.add(low, high);
}
