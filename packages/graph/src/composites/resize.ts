import type { Dim } from '../graph.js';
import type { Emitter } from '../autodiff/emitter.js';
import type { NodeView } from '../autodiff/node-view.js';
import { fromFront } from '../autodiff/rule.js';
import { float32 } from '../tensor.js';
import type { Decompositions } from './composite.js';
import { take } from './layout.js';
import type { Grid } from './sampling.js';
import { nearestIndices, sampleAt, weightMatrix } from './sampling.js';

/**
 * Resizing acts on each axis alone and is linear: nearest neighbours are a selection, interpolation is a product with
 * a matrix of weights.
 */
export const resizeDecompositions: Decompositions = { Resize: (c) => [resize(c)] };

function resize(c: NodeView): string {
  if (c.int('antialias', 0) === 1) throw c.refuse('it filters against aliasing');
  if (c.emit.opset < 11)
    throw c.refuse(`it is of operator set ${c.emit.opset}, from before its modes were defined`);
  const rank = c.shape(0).length;
  return grids(c).reduce((value, grid) => {
    const sample = sampleAt(grid, c.string('coordinate_transformation_mode', 'half_pixel'));
    if (sample === undefined) {
      throw c.refuse(`its coordinate mode is "${c.string('coordinate_transformation_mode', '')}"`);
    }
    const mode = c.string('mode', 'nearest');
    c.limit(mode === 'nearest' ? grid.count : grid.count * grid.size);
    if (mode === 'nearest') {
      const indices = nearestIndices(grid, sample, c.string('nearest_mode', 'round_prefer_floor'));
      return take(c.emit, value, grid.axis, indices);
    }
    const weights = weightMatrix(grid, sample, {
      cubic: mode === 'cubic',
      coefficient: c.float('cubic_coeff_a', -0.75),
      excludesOutside: c.int('exclude_outside', 0) === 1,
    });
    return interpolate(c.emit, value, weights, grid, rank);
  }, c.x);
}

/** The axes whose grid changes. */
function grids(c: NodeView): readonly Grid[] {
  const rank = c.shape(0).length;
  const axes = (c.ints('axes') ?? c.shape(0).map((_, axis) => axis)).map((axis) => fromFront(axis, rank));
  const scales = c.optional(3) === undefined ? c.integers(2) : undefined;
  return axes.flatMap((axis, i): readonly Grid[] => {
    const [from, to]: readonly (Dim | undefined)[] = [c.shape(0)[axis], c.outputShape[axis]];
    const scale = scales?.[i];
    if (from === to && (scale ?? 1) === 1) return [];
    const [size = 1, count = 1] = c.sizes([from ?? 1, to ?? 1]);
    return [{ axis, size, count, scale: scale ?? count / size }];
  });
}

/** Weights [count, size] along one axis: a matrix product with that axis in the last place but one, or the last. */
function interpolate(
  emit: Emitter,
  value: string,
  weights: Float32Array,
  { axis, size, count }: Grid,
  rank: number,
): string {
  const matrix = emit.constant(float32([count, size], weights));
  const transposed = (): string => emit.transpose(matrix, [1, 0]);
  if (axis === rank - 1) return emit.op('MatMul', [value, transposed()]);
  if (axis === rank - 2) return emit.op('MatMul', [matrix, value]);
  const swap = Array.from({ length: rank }, (_, i) => (i === axis ? rank - 1 : i === rank - 1 ? axis : i));
  return emit.transpose(emit.op('MatMul', [emit.transpose(value, swap), transposed()]), swap);
}
